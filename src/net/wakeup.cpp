#include "net/wakeup.hpp"

#include <boost/asio/error.hpp>

#include <cassert>

#include "net/loop.hpp"

namespace frpx::net {

namespace asio = boost::asio;

// A coroutine that still waits is being torn down with the bell: its frame owns both.
wakeup::~wakeup() = default;

void wakeup::ring() {
  rung_ = true;
  if (waiting_) events_.schedule(*this);
}

void wakeup::begin(handler coroutine) {
  assert(!waiting_ && "one coroutine per bell");
  if (auto slot = asio::get_associated_cancellation_slot(coroutine); slot.is_connected()) {
    // Not at once: whoever cancels must not find the coroutine gone while it does so.
    slot.assign([this](asio::cancellation_type) {
      cancelled_ = true;
      events_.schedule(*this);
    });
  }
  waiting_.emplace(std::move(coroutine));
  if (rung_) events_.schedule(*this);  // it would have to be resumed from within its suspension
}

void wakeup::run() {
  if (!waiting_) return;
  handler ready = std::move(*waiting_);
  waiting_.reset();
  rung_ = false;
  if (auto slot = asio::get_associated_cancellation_slot(ready); slot.is_connected()) slot.clear();
  const bool cancelled = std::exchange(cancelled_, false);
  std::move(ready)(cancelled ? error_code(asio::error::operation_aborted) : error_code());
}

asio::awaitable<void> let_others_run() {
  wakeup bell(loop::current().events());
  bell.ring_later();
  co_await bell.wait();
}

asio::awaitable<void> pause(steady_clock::duration span) {
  loop& here = loop::current();
  wakeup bell(here.events());
  alarm over(here.timers(), bell);
  over.set_in(span);
  while (!over.rang()) co_await bell.wait();
}

}  // namespace frpx::net
