# Builds the dashboard: cmake -D NODE= -D NPM= -D SOURCE= -D FOLDER= -D CODE= -P this
#
# Fetches the packages of the lock file if they are not those in dashboard/node_modules, builds the
# page, and writes it as C++ to CODE. A step that fails ends the build.

set(page ${SOURCE}/dashboard)
set(seconds_for_packages 300)
set(seconds_for_page 120)

function(give_up step)
  message(FATAL_ERROR "The dashboard could not be built: ${step} failed (see above). "
    "cmake -D FRPX_DASHBOARD=OFF builds frps without it.")
endfunction()

function(run step seconds)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${page} TIMEOUT ${seconds} RESULT_VARIABLE result
    OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT result EQUAL 0)  # an exit code, or why there is none
    message("${text}\n${step}: ${result}")
    give_up("${step}")
  endif()
endfunction()

file(MAKE_DIRECTORY ${FOLDER})
# Two build folders share one node_modules.
file(LOCK ${page}/.lock TIMEOUT ${seconds_for_packages} RESULT_VARIABLE obstacle)
if(NOT obstacle EQUAL 0)
  message("${page}/.lock: ${obstacle}")
  give_up("locking")
endif()
file(SHA256 ${page}/package-lock.json wanted)
set(stamp ${page}/node_modules/.frpx-lock)
set(present "")
if(EXISTS ${stamp})
  file(READ ${stamp} present)
endif()
if(NOT present STREQUAL wanted)
  message(STATUS "Fetching the dashboard's packages")
  run("npm ci" ${seconds_for_packages} ${NPM} ci --ignore-scripts --no-audit --no-fund
    --fetch-timeout=60000 --fetch-retries=3 --fetch-retry-factor=2
    --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=10000)
  file(WRITE ${stamp} ${wanted})
endif()
file(LOCK ${page}/.lock RELEASE)

run("vite build" ${seconds_for_page}
  ${NODE} node_modules/vite/bin/vite.js build --outDir ${FOLDER}/dist --emptyOutDir)
run("embed.mjs" ${seconds_for_page} ${NODE} embed.mjs ${FOLDER}/dist ${CODE})
