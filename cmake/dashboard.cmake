# The dashboard (dashboard/): built by npm, and compiled into the library that frps is made of.

option(FRPX_DASHBOARD "Build the dashboard; frps goes without it when OFF" ON)

# Why it cannot be built here; nothing when it can.
function(frpx_dashboard_obstacle result)
  find_program(FRPX_NODE NAMES node nodejs)
  find_program(FRPX_NPM NAMES npm)
  if(NOT FRPX_NODE OR NOT FRPX_NPM)
    set(${result} "Node.js and npm are needed (scripts/install-deps.sh build installs them)" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${FRPX_NODE} --version OUTPUT_VARIABLE version
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REGEX REPLACE "^v" "" version "${version}")
  if(version VERSION_LESS 18)
    set(${result} "Node.js 18 or later is needed, ${FRPX_NODE} is '${version}'" PARENT_SCOPE)
  endif()
endfunction()

set(frpx_with_dashboard ON)
if(NOT FRPX_DASHBOARD OR FRPX_FUZZ)  # fuzz builds leave out the room that serves it
  set(frpx_with_dashboard OFF)
else()
  frpx_dashboard_obstacle(frpx_obstacle)
  if(frpx_obstacle)
    message(FATAL_ERROR "The dashboard cannot be built: ${frpx_obstacle}. "
      "cmake -D FRPX_DASHBOARD=OFF builds frps without it.")
  endif()
endif()

if(frpx_with_dashboard)
  set(dashboard_folder ${CMAKE_BINARY_DIR}/dashboard)
  set(dashboard_code ${dashboard_folder}/dashboard_files.gen.cpp)
  file(GLOB dashboard_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/dashboard/src/*)
  foreach(file .npmrc package.json package-lock.json tsconfig.json vite.config.ts index.html embed.mjs)
    list(APPEND dashboard_sources ${CMAKE_SOURCE_DIR}/dashboard/${file})
  endforeach()
  add_custom_command(OUTPUT ${dashboard_code}
    COMMAND ${CMAKE_COMMAND} -D NODE=${FRPX_NODE} -D NPM=${FRPX_NPM} -D SOURCE=${CMAKE_SOURCE_DIR}
      -D FOLDER=${dashboard_folder} -D CODE=${dashboard_code}
      -P ${CMAKE_SOURCE_DIR}/cmake/build_dashboard.cmake
    DEPENDS ${dashboard_sources} ${CMAKE_SOURCE_DIR}/cmake/build_dashboard.cmake
    COMMENT "Building the dashboard" VERBATIM)
  list(FILTER frpx_sources EXCLUDE REGEX "/src/api/no_dashboard\\.cpp$")
  list(APPEND frpx_sources ${dashboard_code})
endif()
