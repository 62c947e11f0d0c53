#include "gateway/visitor.hpp"

#include "core/log.hpp"
#include "gateway/exchange.hpp"
#include "http/h2/session.hpp"
#include "net/linger.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t turn_requests = 16;  // of a connection that pipelines

origin origin_of(const net::endpoint& peer, const options& how) {
  std::string text = net::to_string(peer);
  text.erase(text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return {.address = std::move(text), .trusted = how.trusted_proxies.contains(peer.address())};
}

}  // namespace

asio::awaitable<void> serve_visitor(desk& at, net::accepted one, net::admission::ticket ticket,
                                    net::task_group::task self) {
  auto connection = std::make_unique<net::socket>(at.on.events(), std::move(one.fd));
  visitor each(at, std::move(connection), origin_of(one.peer, at.how), std::move(ticket),
               std::move(one.placed), self);
  co_await each.run();
}

void downstream_watch::on_ready(net::stream::readiness what) {
  ended_ |= what.ended;
  if (what.broken) {
    self_.cancel();
  } else if (!cancel_if_left()) {
    bell_.ring();
  }
}

bool downstream_watch::cancel_if_left() {
  if (!ended_ || asked_ == nullptr || !asked_->by_.has_left()) return false;
  self_.cancel();
  return true;
}

leaving_at_end::leaving_at_end(downstream_watch& of, judge& by) : of_(of), by_(by) {
  of_.asked_ = this;
  if (of_.ended_) of_.events_.schedule(of_);  // a coroutine cannot cancel itself
}

visitor::visitor(desk& with, std::unique_ptr<net::stream> over, origin from,
                 net::admission::ticket ticket, net::placement on_worker,
                 net::task_group::task self)
    : at(with),
      who(std::move(from)),
      bell(at.on.events()),
      watch(at.on.events(), bell, self),
      alarm(at.on.timers(), bell),
      connection(std::move(over)),
      in(at.on.buffers()),
      place(std::move(ticket)),
      placed(std::move(on_worker)),
      requests_(at.on.events(), turn_requests) {
  connection->watch(&watch);
  at.enter(*this);
}

visitor::~visitor() {
  at.leave(*this);
}

asio::awaitable<void> visitor::run() {
  for (;;) {
    const auto size = co_await read_head();
    if (!size) break;
    if (!served_ && as_text(in.bytes().first(*size)) == http::h2::preface_head) {
      co_await serve_h2();
      break;
    }
    auto room = at.take_room();
    const auto then = co_await room->make(*this).run(*size);
    at.give_room(std::move(room));
    if (then == exchange::after::gone) co_return;
    if (then == exchange::after::close) break;
    served_ = true;
  }
  alarm.clear();
  co_await net::lingering_close(at.on, *connection, bell, at.draining, {});
}

// The size of the next request's head, which then stands at the front of `in`. Nothing when there
// is no further request.
asio::awaitable<std::optional<std::size_t>> visitor::read_head() {
  http::head_scanner scanner(at.how.head);
  bool begun = !in.empty();
  while (requests_.is_spent()) co_await bell.next_turn();
  requests_.use(1);
  alarm.set_in(served_ && !begun ? at.how.idle_visitor : at.how.request_head);
  for (;;) {
    if (!in.empty()) {
      const auto size = scanner.scan_request(as_text(in.bytes()));
      if (!size) {
        log::debug("{} sent no valid request: {}", who.address, size.error().message());
        co_await refuse({.status = http::status_of(size.error())});
        co_return std::nullopt;
      }
      if (*size) co_return **size;
      if (!std::exchange(begun, true)) alarm.set_in(at.how.request_head);
    } else if (at.draining) {
      co_return std::nullopt;
    }
    const auto got = connection->read(at.on.scratch().first(net::buffer_pool::block_size));
    if (got.state == net::io_state::moved) {
      in.append(got.bytes);
    } else if (got.state != net::io_state::blocked) {
      co_return std::nullopt;
    } else if (alarm.rang()) {
      if (begun) co_await refuse({.status = 408});
      co_return std::nullopt;
    } else {
      if (in.empty()) in.release();
      co_await bell.wait();
    }
  }
}

// What stands in `in` is no request, or not whole.
asio::awaitable<void> visitor::refuse(refusal why) {
  co_await say(answer_of(why, {.speaks = llm::dialect_of_bytes(as_text(in.bytes()))}));
}

asio::awaitable<bool> visitor::say(std::string text) {
  alarm.set_in(at.how.body_stall);
  auto left = as_bytes(text);
  while (!left.empty()) {
    const auto sent = connection->write(left);
    if (sent.state == net::io_state::moved) {
      left = left.subspan(sent.bytes);
    } else if (sent.state == net::io_state::failed || alarm.rang() || has_ended()) {
      co_return false;
    } else {
      co_await bell.wait();
    }
  }
  co_return true;
}

}  // namespace frpx::gateway
