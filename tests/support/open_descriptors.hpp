// Counts what a test may leak.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace frpx::test {

/// How many file descriptors this process has open.
inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;  // without this listing
}

}  // namespace frpx::test
