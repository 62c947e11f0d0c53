#include "net/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>

#include "core/log.hpp"

namespace frpx::net {

namespace asio = boost::asio;

task_group::task_group(loop& on) : on_(on), emptied_(on.events()), late_(on.timers(), emptied_) {}

task_group::~task_group() {
  assert(running_.empty() && "join a task group before it goes");
}

void task_group::spawn(asio::awaitable<void> coroutine) {
  spawn(running_.emplace(running_.end()), std::move(coroutine));
}

void task_group::spawn(std::list<entry>::iterator which, asio::awaitable<void> coroutine) {
  on_.spawn(
      std::move(coroutine),
      asio::bind_cancellation_slot(which->signal.slot(), [this, which](std::exception_ptr failure) {
        finished(which, failure);
      }));
}

void task_group::cancel() {
  // Cancelling may end a coroutine, and so its entry, at once.
  for (auto next = running_.begin(); next != running_.end();) {
    auto current = next++;
    current->signal.emit(asio::cancellation_type::terminal);
  }
}

void task_group::finished(std::list<entry>::iterator which, std::exception_ptr failure) {
  running_.erase(which);
  if (running_.empty()) emptied_.ring();
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) {
      log::error("a task ended with: {}", error.what());
    }
  } catch (const std::exception& error) {
    log::error("a task ended with: {}", error.what());
  }
}

asio::awaitable<bool> task_group::join(steady_time until) {
  late_.set(until);
  while (!running_.empty() && !late_.rang()) co_await emptied_.wait();
  late_.clear();
  co_return running_.empty();
}

}  // namespace frpx::net
