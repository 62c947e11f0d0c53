// What a fuzz target demands, whatever the input.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the program, which a fuzzer and a replay both take for a finding, unless `condition` holds.
#define REQUIRE(condition)                                                                     \
  ((condition) ? void()                                                                        \
               : (std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition), \
                  std::abort()))
