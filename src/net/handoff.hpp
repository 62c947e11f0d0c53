// A question to another thread, with a deadline.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/error.hpp"

namespace frpx::net {

/// What the asking coroutine and the answering thread share. Only `answer` is touched by the other
/// thread, before it posts back; all else belongs to the asker's thread.
template <class T>
struct handoff_state {
  explicit handoff_state(const boost::asio::any_io_executor& home) : answered(home) {}
  boost::asio::steady_timer answered;
  std::optional<T> answer;
  bool arrived = false;
};

/// Has `f` run through `submit(function)` on another thread and waits for its result, at most
/// `patience` and no longer than the coroutine itself lives. The other thread keeps its own copy of
/// all it needs, so neither side waits for the other's death.
template <class T, class Submit, class F>
boost::asio::awaitable<result<T>> hand_off(Submit submit, F f, steady_clock::duration patience) {
  const auto home = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<handoff_state<T>>(home);
  state->answered.expires_after(patience);
  submit([state, home, f = std::move(f)]() mutable {
    auto answer = std::make_shared<T>(f());
    boost::asio::post(home, [state = std::move(state), answer = std::move(answer)]() mutable {
      state->answer.emplace(std::move(*answer));
      state->arrived = true;
      state->answered.cancel();
    });
  });
  if (!state->arrived) {
    boost::system::error_code ended;
    co_await state->answered.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, ended));
  }
  if (!state->arrived) co_return make_error_code(errc::late);
  co_return std::move(*state->answer);
}

}  // namespace frpx::net
