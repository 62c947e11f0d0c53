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

# Hardening of every program and library; tests/system/test_hardening.py reads it back from the
# binaries. The sanitizers have checks of their own, which _FORTIFY_SOURCE would hide calls from.
add_compile_options(-fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  # CET; without effect on processors that lack it. The linker marks a program for indirect branch
  # tracking by itself when all of its parts are, and Debian 12's start files are not.
  add_compile_options(-fcf-protection=full)
  add_link_options(LINKER:-z,shstk)
endif()
if(NOT FRPX_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)  # needs an optimising compiler
endif()
add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

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
