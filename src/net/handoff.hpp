// A question to another thread, with a deadline.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/error.hpp"
#include "net/loop.hpp"
#include "net/wakeup.hpp"

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

/// Where the answer arrives. The other thread only keeps it alive; all of it belongs to the asker's
/// thread.
template <class Answer>
struct handoff_state {
  std::optional<Answer> answer;
  wakeup* asker = nullptr;  ///< Null when nobody waits any more.
};

/// Has `f` run through `submit(function)` on another thread and waits for its result, at most
/// `patience` (then errc::late) and no longer than the coroutine itself lives. The other thread
/// keeps its own copy of all it needs, so neither side waits for the other's death; the asker's
/// loop outlives them.
template <class F, class Submit>
boost::asio::awaitable<answer_t<std::invoke_result_t<F&>>> hand_off(
    Submit submit, F f, steady_clock::duration patience) {
  using answer = answer_t<std::invoke_result_t<F&>>;
  loop& home = loop::current();
  const auto state = std::make_shared<handoff_state<answer>>();
  wakeup answered(home.events());
  alarm late(home.timers(), answered);
  struct leaving {
    handoff_state<answer>& state;
    ~leaving() { state.asker = nullptr; }
  } const asking{*state};
  state->asker = &answered;
  late.set_in(patience);
  submit([state, &home, f = std::move(f)]() mutable {
    auto said = std::make_shared<answer>(f());
    home.post([state = std::move(state), said = std::move(said)]() mutable {
      state->answer.emplace(std::move(*said));
      if (state->asker != nullptr) state->asker->ring();
    });
  });
  while (!state->answer && !late.rang()) co_await answered.wait();
  if (!state->answer) co_return answer(boost::system::in_place_error, errc::late);
  co_return std::move(*state->answer);
}

}  // namespace frpx::net
