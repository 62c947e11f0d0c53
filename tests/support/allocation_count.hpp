// Counts the program's heap allocations by replacing operator new. To be included by exactly one
// source file of a program, and not under a sanitizer, which has an operator new of its own.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace frpx::test {

/// How often operator new was called so far, by all threads.
inline std::atomic<std::size_t> allocations{0};

}  // namespace frpx::test

void* operator new(std::size_t size) {
  frpx::test::allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
