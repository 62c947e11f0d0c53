#include "net/pipe_pool.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cassert>

#include "net/socket.hpp"

namespace frpx::net {
namespace {

std::unique_ptr<pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto made = std::make_unique<pipe>();
  made->read_end.reset(ends[0]);
  made->write_end.reset(ends[1]);
  // The wish may be refused; what counts is what there is.
  ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(pipe_pool::wanted_capacity));
  const int capacity = ::fcntl(ends[1], F_GETPIPE_SZ);
  if (capacity < static_cast<int>(pipe_pool::least_capacity)) return nullptr;
  made->capacity = static_cast<std::size_t>(capacity);
  return made;
}

}  // namespace

write_outcome pipe::fill(socket& from, std::size_t most) {
  assert(filled == 0);
  const write_outcome got = from.splice_into(write_end.get(), std::min(most, capacity));
  filled = got.bytes;
  return got;
}

write_outcome pipe::drain(socket& to) {
  const write_outcome put = to.splice_from(read_end.get(), filled);
  filled -= put.bytes;
  return put;
}

pipe_pool::handle pipe_pool::take() {
  if (lent_ >= limit_) return {};
  std::unique_ptr<pipe> one;
  if (!kept_.empty()) {
    one = std::move(kept_.back());
    kept_.pop_back();
  } else {
    one = make_pipe();
    if (!one) return {};
  }
  ++lent_;
  return handle(one.release(), giver{this});
}

void pipe_pool::take_back(pipe* lent) {
  std::unique_ptr<pipe> owned(lent);
  --lent_;
  if (owned->filled == 0) kept_.push_back(std::move(owned));
}

}  // namespace frpx::net
