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

/// What the asker gets for an `f` that returns T: T or an error; a result stays what it is.
template <class T>
struct answer_of {
  using type = result<T>;
};
template <class T>
struct answer_of<result<T>> {
  using type = result<T>;
};
template <class T>
using answer_t = typename answer_of<T>::type;

/// What the asking coroutine and the answering thread share. The other thread only keeps it alive;
/// all of it belongs to the asker's thread.
template <class Answer>
struct handoff_state {
  explicit handoff_state(const boost::asio::any_io_executor& home) : answered(home) {}
  boost::asio::steady_timer answered;
  std::optional<Answer> answer;
};

/// Has `f` run through `submit(function)` on another thread and waits for its result, at most
/// `patience` (then errc::late) and no longer than the coroutine itself lives. The other thread
/// keeps its own copy of all it needs, so neither side waits for the other's death.
template <class F, class Submit>
boost::asio::awaitable<answer_t<std::invoke_result_t<F&>>> hand_off(
    Submit submit, F f, steady_clock::duration patience) {
  using answer = answer_t<std::invoke_result_t<F&>>;
  const auto home = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<handoff_state<answer>>(home);
  state->answered.expires_after(patience);
  submit([state, home, f = std::move(f)]() mutable {
    auto said = std::make_shared<answer>(f());
    boost::asio::post(home, [state = std::move(state), said = std::move(said)]() mutable {
      state->answer.emplace(std::move(*said));
      state->answered.cancel();
    });
  });
  if (!state->answer) {
    boost::system::error_code ended;
    co_await state->answered.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, ended));
  }
  if (!state->answer) co_return answer(boost::system::in_place_error, errc::late);
  co_return std::move(*state->answer);
}

}  // namespace frpx::net
