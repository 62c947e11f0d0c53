# libfrpx as others use it: shared and static, headers, find_package(frpx) and pkg-config.
include(GNUInstallDirs)

# The public classes compiled with their symbols, everything else taken from the rooms' archive and
# hidden.
file(GLOB library_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/library/*.cpp)
list(FILTER library_sources EXCLUDE REGEX "_test\\.cpp$")
add_library(frpx_shared SHARED ${library_sources})
frpx_internal_target(frpx_shared)
target_include_directories(frpx_shared INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_link_options(frpx_shared PRIVATE LINKER:--as-needed LINKER:--gc-sections
  LINKER:--version-script=${CMAKE_SOURCE_DIR}/cmake/frpx.map)
if(NOT FRPX_SANITIZE)  # the sanitizer's own symbols come from the program
  target_link_options(frpx_shared PRIVATE LINKER:--no-undefined)
endif()
set_target_properties(frpx_shared PROPERTIES
  OUTPUT_NAME frpx VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/frpx.map
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# One archive with Asio and JSON in it, so that an embedder has one file.
set(frpx_archive ${CMAKE_BINARY_DIR}/lib/libfrpx.a)
set(frpx_merge ${CMAKE_BINARY_DIR}/lib/merge.mri)
file(GENERATE OUTPUT ${frpx_merge} CONTENT
  "CREATE ${frpx_archive}\nADDLIB $<TARGET_FILE:frpx>\nADDLIB $<TARGET_FILE:frpx_boost>\nSAVE\nEND\n")
add_custom_command(OUTPUT ${frpx_archive}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${frpx_archive}
  COMMAND ${CMAKE_AR} -M < ${frpx_merge}
  COMMAND ${CMAKE_RANLIB} ${frpx_archive}
  DEPENDS frpx frpx_boost ${frpx_merge} VERBATIM)
add_custom_target(frpx_static ALL DEPENDS ${frpx_archive})

set(frpx_static_needs spdlog fmt cares sodium ssl crypto)
list(TRANSFORM frpx_static_needs PREPEND -l OUTPUT_VARIABLE frpx_static_flags)
file(RELATIVE_PATH frpx_up_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
file(RELATIVE_PATH frpx_include_from_lib /${CMAKE_INSTALL_LIBDIR} /${CMAKE_INSTALL_INCLUDEDIR})
list(JOIN frpx_static_flags " " frpx_static_flags)
configure_file(${CMAKE_SOURCE_DIR}/cmake/frpx.pc.in ${CMAKE_BINARY_DIR}/lib/frpx.pc @ONLY)
configure_file(${CMAKE_SOURCE_DIR}/cmake/frpxConfig.cmake.in ${CMAKE_BINARY_DIR}/lib/frpxConfig.cmake
  @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/lib/frpxConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)

install(TARGETS frpx_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(FILES ${frpx_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/frpx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT library)
install(FILES ${CMAKE_BINARY_DIR}/lib/frpx.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT library)
install(FILES ${CMAKE_BINARY_DIR}/lib/frpxConfig.cmake ${CMAKE_BINARY_DIR}/lib/frpxConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/frpx COMPONENT library)

# --- the examples: what an embedder writes, with the public headers alone ------------------------
file(GLOB examples CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/*.cpp)
foreach(source IN LISTS examples)
  cmake_path(GET source STEM name)
  add_executable(example_${name} ${source})
  target_link_libraries(example_${name} PRIVATE frpx_shared)
  target_compile_options(example_${name} PRIVATE -Wall -Wextra -Wpedantic -Werror)
  set_target_properties(example_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/examples)
endforeach()
