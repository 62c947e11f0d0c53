#include "net/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>

#include "core/log.hpp"

namespace frpx::net {

namespace asio = boost::asio;

task_group::~task_group() {
  assert(running_.empty() && "join a task group before it goes");
}

void task_group::spawn(asio::awaitable<void> coroutine) {
  const auto which = running_.emplace(running_.end());
  asio::co_spawn(
      context_, std::move(coroutine),
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
  if (running_.empty()) idle_.cancel();
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
  while (!running_.empty() && steady_clock::now() < until) {
    idle_.expires_at(until);
    boost::system::error_code ignored;
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return running_.empty();
}

}  // namespace frpx::net
