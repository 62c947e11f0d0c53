#include "net/loop.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include <boost/system/system_error.hpp>

namespace frpx::net {

thread_local loop* loop::turned_here = nullptr;

loop::bell::bell() : fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void loop::bell::ring() {
  if (rung.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd.get(), &one, sizeof one);
}

loop::loop() : busy_(context_.get_executor()) {
  if (bell_.fd && events_.add(bell_.fd.get(), bell_)) return;
  throw boost::system::system_error(errno, boost::system::system_category(), "eventfd");
}

// A later loop may stand at the same address, turned by another thread.
loop::~loop() {
  if (is_here()) turned_here = nullptr;
}

loop& loop::current() {
  assert(turned_here != nullptr && "called outside of a loop");
  return *turned_here;
}

void loop::look_soon() {
  if (is_here()) {
    posted_ = true;
  } else {
    bell_.ring();
  }
}

void loop::run() {
  turned_here = this;
  run_turns();
  context_.run();
}

// A turn is one of Asio's handlers, which runs when all that was posted before has run.
void loop::run_turns() {
  boost::asio::post(context_, [this] {
    if (stopping_) return busy_.reset();
    take_turn(steady_time::max());
    run_turns();
  });
}

void loop::stop() {
  post([this] { stopping_ = true; });
}

bool loop::turn(steady_time until) {
  turned_here = this;
  bool done = false;
  bool ran = false;
  boost::asio::post(context_, [&] {
    ran |= take_turn(until);
    done = true;
  });
  for (;;) {
    context_.poll_one();
    if (done) return ran;
    ran = true;
  }
}

bool loop::take_turn(steady_time until) {
  const bool waits = !std::exchange(posted_, false);
  const bool happened = events_.wait(waits ? std::min(until, timers_.next()) : steady_time());
  return timers_.expire() | happened;
}

}  // namespace frpx::net
