# How a room's tests and fuzz targets are built.

# A target that sees the private headers and shares the library's precompiled ones.
function(frpx_internal_target target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE frpx frpx_build frpx_boost ${frpx_libraries})
  target_compile_definitions(${target} PRIVATE FRPX_VERSION="${PROJECT_VERSION}")
  target_precompile_headers(${target} REUSE_FROM frpx)
endfunction()

# test_<room> from src/<room>/**/*_test.cpp; fuzz_<name> from src/<room>/**/<name>_fuzz.cpp, which
# without libFuzzer is a program that replays tests/fuzz/corpus/<name>/, so that ctest does it.
function(frpx_test_room room)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*_test.cpp)
  if(tests)
    add_executable(test_${room} ${tests})
    frpx_internal_target(test_${room})
    target_link_libraries(test_${room} PRIVATE GTest::gtest GTest::gtest_main)
    target_compile_definitions(test_${room} PRIVATE FRPX_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    # Each test is a process of its own, but for those that need a real PostgreSQL or Redis (their
    # names say so): they share one program, and so one server.
    gtest_discover_tests(test_${room} TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 60
      TEST_FILTER "-*postgres*:*redis*" PROPERTIES TIMEOUT 120)
    set(needing_servers ${tests})
    list(FILTER needing_servers INCLUDE REGEX "postgres|redis")
    if(needing_servers)
      add_test(NAME ${room}.with_servers COMMAND test_${room} --gtest_filter=*postgres*:*redis*)
      set_tests_properties(${room}.with_servers PROPERTIES TIMEOUT 300 PROCESSORS 2)
    endif()
  endif()
  file(GLOB_RECURSE fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*_fuzz.cpp)
  foreach(source IN LISTS fuzzers)
    cmake_path(GET source STEM name)
    string(REGEX REPLACE "_fuzz$" "" name ${name})
    if(FRPX_FUZZ)
      add_executable(fuzz_${name} ${source})
      target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    else()
      add_executable(fuzz_${name} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
      add_test(NAME fuzz.replay.${name}
        COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    endif()
    frpx_internal_target(fuzz_${name})
  endforeach()
endfunction()
