# Which compilers are sound, and the flags of our own code (target frpx_build).

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines without a word (double frees in braced "
    "aggregates, capturing lambdas and conditions around co_await). Use clang 19: "
    "`cmake --preset release`, or pass -DCMAKE_CXX_COMPILER=clang++-19. "
    "scripts/install-deps.sh installs it.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
# By hand and the same everywhere: CMake's own switch makes -fPIE of it in programs, and the shared
# precompiled headers would no longer fit.
add_compile_options(-fPIC)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# The Release tree is the one that CI tests, so assertions stay on in it: they are cheap by design.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  find_program(FRPX_LLD NAMES ld.lld-19 ld.lld)
  if(FRPX_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

set(FRPX_SANITIZE "" CACHE STRING "Sanitizers for everything compiled here: address,undefined or thread")
if(FRPX_SANITIZE)
  add_compile_options(-fsanitize=${FRPX_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FRPX_SANITIZE})
  add_compile_definitions(FRPX_SANITIZED=1)
endif()
if(FRPX_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Ours, not Boost's: warnings are errors.
add_library(frpx_build INTERFACE)
target_compile_options(frpx_build INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough -Wno-missing-field-initializers)
