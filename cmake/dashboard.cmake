# The dashboard (dashboard/): built by npm, and compiled into the library that frps is made of.

set(FRPX_DASHBOARD AUTO CACHE STRING "Build the dashboard: AUTO (when npm is there), ON, OFF")
set_property(CACHE FRPX_DASHBOARD PROPERTY STRINGS AUTO ON OFF)

# Why it cannot be built here; nothing when it can.
function(frpx_dashboard_obstacle result)
  find_program(FRPX_NODE NAMES node nodejs)
  find_program(FRPX_NPM NAMES npm)
  if(NOT FRPX_NODE OR NOT FRPX_NPM)
    set(${result} "npm is missing (scripts/install-deps.sh build)" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${FRPX_NODE} --version OUTPUT_VARIABLE version
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REGEX REPLACE "^v" "" version "${version}")
  if(version VERSION_LESS 18)
    set(${result} "Node.js 18 is needed, ${FRPX_NODE} is '${version}'" PARENT_SCOPE)
  endif()
endfunction()

set(frpx_with_dashboard ON)
if(NOT FRPX_DASHBOARD OR FRPX_FUZZ)  # fuzz builds leave out the room that serves it
  set(frpx_with_dashboard OFF)
else()
  frpx_dashboard_obstacle(frpx_obstacle)
  if(frpx_obstacle AND FRPX_DASHBOARD STREQUAL "AUTO")
    message(NOTICE "The dashboard is left out: ${frpx_obstacle}")
    set(frpx_with_dashboard OFF)
  elseif(frpx_obstacle)
    message(FATAL_ERROR "FRPX_DASHBOARD=${FRPX_DASHBOARD}: ${frpx_obstacle}")
  endif()
endif()

if(frpx_with_dashboard)
  set(dashboard_folder ${CMAKE_BINARY_DIR}/dashboard)
  set(dashboard_code ${dashboard_folder}/dashboard_files.gen.cpp)
  file(GLOB dashboard_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/dashboard/src/*)
  foreach(file .npmrc package.json package-lock.json tsconfig.json vite.config.ts index.html embed.mjs)
    list(APPEND dashboard_sources ${CMAKE_SOURCE_DIR}/dashboard/${file})
  endforeach()
  if(FRPX_DASHBOARD STREQUAL "AUTO")
    set(frpx_is_needed OFF)
  else()
    set(frpx_is_needed ON)
  endif()
  # `complete` exists after a success only: what failed, for want of a network say, is tried again
  # by the next build.
  add_custom_command(OUTPUT ${dashboard_code} ${dashboard_folder}/complete
    COMMAND ${CMAKE_COMMAND} -D NODE=${FRPX_NODE} -D NPM=${FRPX_NPM} -D IS_NEEDED=${frpx_is_needed}
      -D SOURCE=${CMAKE_SOURCE_DIR} -D FOLDER=${dashboard_folder} -D CODE=${dashboard_code}
      -P ${CMAKE_SOURCE_DIR}/cmake/build_dashboard.cmake
    DEPENDS ${dashboard_sources} ${CMAKE_SOURCE_DIR}/cmake/build_dashboard.cmake
      ${CMAKE_SOURCE_DIR}/src/api/no_dashboard.cpp
    COMMENT "Building the dashboard" VERBATIM)
  list(FILTER frpx_sources EXCLUDE REGEX "/src/api/no_dashboard\\.cpp$")
  list(APPEND frpx_sources ${dashboard_code})
endif()
