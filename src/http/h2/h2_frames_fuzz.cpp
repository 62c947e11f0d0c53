// Any bytes behind the preface, in pieces, with requests that are served, half served or let go.
// Whatever comes: each request is one head and one body of HTTP/1, memory stays bounded, and the
// connection comes to its end when the visitor leaves.
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "http/body.hpp"
#include "http/h2/session.hpp"
#include "http/head.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::http::h2 {
namespace {

constexpr std::size_t most_said = 1024 * 1024;  // of one request in HTTP/1

// Serves a request: reads, then answers in one of a few ways, a little more with each step.
class server_of_one final : public net::stream::watcher {
 public:
  server_of_one(std::unique_ptr<net::stream> one, unsigned how)
      : stream_(std::move(one)), how_(how) {
    stream_->watch(this);
  }
  void on_ready(net::stream::readiness what) override { broken_ |= what.broken; }

  // False when it has been dealt with.
  bool step() {
    std::array<std::byte, 700> scratch;
    const auto got = stream_->read(std::span(scratch).first(how_ % 3 == 0 ? 7 : 700));
    if (got.state == net::io_state::moved) said_ += as_text(got.bytes);
    REQUIRE(said_.size() <= most_said);
    const bool whole = got.state == net::io_state::ended;
    if (whole) check();
    if (got.state == net::io_state::failed) return false;
    if (broken_) REQUIRE(stream_->write(as_bytes("x")).state == net::io_state::failed);
    if (how_ % 5 == 1 || (!whole && how_ % 5 != 2)) return how_ % 5 != 1;
    while (written_ < answer().size()) {
      const auto sent = stream_->write(as_bytes(answer().substr(written_)));
      if (sent.state != net::io_state::moved) return sent.state == net::io_state::blocked;
      written_ += sent.bytes;
    }
    if (how_ % 2 == 0) stream_->finish();
    return false;
  }

 private:
  std::string_view answer() const {
    static const std::string large =
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'a');
    switch (how_ % 4) {
      case 0:
        return "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
      case 1:
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-t: "
               "1\r\n\r\n";
      case 2:
        return large;
      default:
        return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal";  // and no more
    }
  }
  // One head and its body, and nothing behind it.
  void check() const {
    const head_limits wide{.head = most_said, .target = most_said};
    head_scanner scanner(wide);
    const auto end = scanner.scan_request(said_);
    REQUIRE(end && *end);
    request_head head;
    if (parse_request(std::string_view(said_).substr(0, **end), wide, head)) return;
    body_decoder body(head.body);
    std::string_view rest = std::string_view(said_).substr(**end);
    while (!rest.empty()) {
      const auto part = body.feed(rest);
      REQUIRE(part && part->consumed != 0);
      rest.remove_prefix(part->consumed);
    }
    REQUIRE(body.done());
  }

  std::unique_ptr<net::stream> stream_;
  const unsigned how_;
  std::string said_;
  std::size_t written_ = 0;
  bool broken_ = false;
};

class house final : public session::observer {
 public:
  house(net::worker& on, unsigned how) : how_(how), connection_(peer_) {
    options few;
    few.head.head = 2000;
    few.streams = 8;
    session_ = std::make_unique<session>(on, connection_, few, *this);
  }

  void on_request(std::unique_ptr<net::stream> one) override {
    if (++requests_ % 7 == 6) return;  // let go
    serving_.emplace_back(std::move(one), how_ + requests_);
  }
  void on_over() override { REQUIRE(!std::exchange(over_, true)); }

  void run(std::string_view bytes, std::size_t slice) {
    const std::string preface = std::string(preface_head) + "SM\r\n\r\n";
    peer_.make_room(1000);
    session_->start(as_bytes(preface));
    for (std::size_t at = 0; at < bytes.size(); at += slice) {
      peer_.send(bytes.substr(at, slice));
      turn();
      if (how_ % 2 == 0) peer_.make_room(5000);
      if (how_ % 16 == 7 && at > bytes.size() / 2) session_->drain();
    }
    if (how_ % 8 == 5) return;  // everything is let go in the middle
    peer_.make_room(std::size_t{1} << 30);
    turn();
    peer_.finish();
    turn();
    REQUIRE(over_ && session_->is_over());
  }

 private:
  void turn() {
    for (int i = 0; i < 4; ++i) {
      while (on().loop().turn(steady_time())) {
      }
      for (auto each = serving_.begin(); each != serving_.end();) {
        each = each->step() ? std::next(each) : serving_.erase(each);
      }
    }
    REQUIRE(session_->streams() <= 9);
  }

 public:
  static net::worker& on() {
    static net::worker one(0);
    return one;
  }

 private:
  const unsigned how_;
  unsigned requests_ = 0;
  test::memory_peer peer_;
  test::memory_stream connection_;
  bool over_ = false;
  std::unique_ptr<session> session_;
  std::list<server_of_one> serving_;
};

}  // namespace
}  // namespace frpx::http::h2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  using frpx::http::h2::house;
  house under_test(house::on(), data[0]);
  under_test.run({reinterpret_cast<const char*>(data) + 2, size - 2}, 1U + data[1] * 4U);
  return 0;
}
