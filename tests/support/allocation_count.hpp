// Counts the program's heap allocations by replacing operator new, and aligned_alloc, which Asio
// takes coroutine frames from. To be included by exactly one source file of a program, and not
// under a sanitizer, which has its own.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace frpx::test {

/// How often operator new was called so far, by all threads.
inline std::atomic<std::size_t> allocations{0};
/// How often a coroutine's frame was made that none of Asio's sixteen kept ones fitted.
inline std::atomic<std::size_t> new_frames{0};

}  // namespace frpx::test

void* operator new(std::size_t size) {
  frpx::test::allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  frpx::test::new_frames.fetch_add(1, std::memory_order_relaxed);
  void* memory = nullptr;
  return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
