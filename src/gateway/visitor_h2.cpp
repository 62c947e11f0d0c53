// A visitor that speaks HTTP/2: each of its streams is served as a visitor of its own.
#include "gateway/visitor.hpp"
#include "http/h2/session.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> serve_stream(desk& at, std::unique_ptr<net::stream> one, origin who,
                                   net::admission::ticket ticket, net::task_group::task self) {
  visitor each(at, std::move(one), std::move(who), std::move(ticket), net::placement(at.on), self);
  co_await each.run();
}

std::string refuse_head(std::string_view method, std::string_view target, int status) {
  return answer_of({.status = status},
                   {.speaks = llm::dialect_of_target(target), .is_head = method == "HEAD"});
}

class h2_requests final : public http::h2::session::observer {
 public:
  explicit h2_requests(visitor& of) : of_(of) {}

  void on_request(std::unique_ptr<net::stream> one) override {
    auto ticket = of_.at.places.enter();
    if (!ticket) return;
    origin who = of_.who;
    who.h2 = true;
    of_.at.on.tasks().spawn_with_task([&](net::task_group::task self) {
      return serve_stream(of_.at, std::move(one), std::move(who), std::move(*ticket), self);
    });
  }
  void on_over() override { of_.bell.ring(); }

 private:
  visitor& of_;
};

}  // namespace

asio::awaitable<void> visitor::serve_h2() {
  h2_requests requests(*this);
  const http::h2::options how{.head = at.how.head,
                              .streams = at.how.h2_streams,
                              .request_head = at.how.request_head,
                              .idle = at.how.idle_visitor,
                              .stalled = at.how.body_stall,
                              .refuse = refuse_head};
  alarm.clear();
  {
    http::h2::session frames(at.on, *connection, how, requests);
    frames.start(in.bytes());
    in.release();
    while (!frames.is_over()) {
      if (at.draining) frames.drain();
      co_await bell.wait();
    }
  }
  connection->watch(&watch);
}

}  // namespace frpx::gateway
