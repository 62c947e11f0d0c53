// Counting what is under way.
#pragma once

#include <cstddef>

namespace frpx {

/// Counts one more for as long as it lives, within one thread.
class counted {
 public:
  explicit counted(std::size_t& counter) : counter_(counter) { ++counter_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --counter_; }

 private:
  std::size_t& counter_;
};

}  // namespace frpx
