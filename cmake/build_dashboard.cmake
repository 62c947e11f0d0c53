# Builds the dashboard: cmake -D NODE= -D NPM= -D IS_NEEDED= -D SOURCE= -D FOLDER= -D CODE= -P this
#
# Fetches the packages of the lock file if they are not those in dashboard/node_modules, builds the
# page, and writes it as C++ to CODE. Unless IS_NEEDED, a failure is a warning, and CODE is then what
# stands for no dashboard at all.

set(page ${SOURCE}/dashboard)
set(seconds_for_packages 300)
set(seconds_for_page 120)

function(give_up step)
  string(CONCAT text "The dashboard could not be built: ${step} failed")
  if(IS_NEEDED)
    message(FATAL_ERROR "${text} (see above)")
  endif()
  message(WARNING "${text} (see above). frps goes without it; the next build tries again. "
    "cmake -D FRPX_DASHBOARD=OFF leaves it out without a word, =ON makes this an error.")
  file(COPY_FILE ${SOURCE}/src/api/no_dashboard.cpp ${CODE} ONLY_IF_DIFFERENT)
endfunction()

function(run step seconds result)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${page} TIMEOUT ${seconds} RESULT_VARIABLE code
    OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(${result} ON PARENT_SCOPE)
  if(NOT code EQUAL 0)
    message("${text}")
    give_up("${step}")
    set(${result} OFF PARENT_SCOPE)
  endif()
endfunction()

file(MAKE_DIRECTORY ${FOLDER})
file(REMOVE ${FOLDER}/complete)
# Two build folders share one node_modules.
file(LOCK ${page}/.lock TIMEOUT ${seconds_for_packages} RESULT_VARIABLE obstacle)
if(NOT obstacle EQUAL 0)
  message("${page}/.lock: ${obstacle}")
  give_up("locking")
  return()
endif()
file(SHA256 ${page}/package-lock.json wanted)
set(stamp ${page}/node_modules/.frpx-lock)
set(present "")
if(EXISTS ${stamp})
  file(READ ${stamp} present)
endif()
if(NOT present STREQUAL wanted)
  message(STATUS "Fetching the dashboard's packages")
  run("npm ci" ${seconds_for_packages} is_done ${NPM} ci --ignore-scripts --no-audit --no-fund
    --fetch-retries=1 --fetch-retry-maxtimeout=2000 --fetch-timeout=60000)
  if(NOT is_done)
    return()
  endif()
  file(WRITE ${stamp} ${wanted})
endif()
file(LOCK ${page}/.lock RELEASE)

run("vite build" ${seconds_for_page} is_done
  ${NODE} node_modules/vite/bin/vite.js build --outDir ${FOLDER}/dist --emptyOutDir)
if(NOT is_done)
  return()
endif()
run("embed.mjs" ${seconds_for_page} is_done ${NODE} embed.mjs ${FOLDER}/dist ${CODE})
if(NOT is_done)
  return()
endif()
file(TOUCH ${FOLDER}/complete)
