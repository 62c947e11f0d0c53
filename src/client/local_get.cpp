#include "client/local_get.hpp"

#include "client/local_dial.hpp"
#include "http/body.hpp"
#include "http/head.hpp"
#include "net/error.hpp"

namespace frpx::client {
namespace {

namespace asio = boost::asio;

constexpr int most_interim = 10;

local_answer absent(std::string why) {
  return {local_answer::kind::absent, 0, {}, std::move(why)};
}
local_answer unknown(std::string why) {
  return {local_answer::kind::unknown, 0, {}, std::move(why)};
}

// Nobody is there, as opposed to somebody who does not answer now.
bool means_absent(error_code failed) {
  namespace is = boost::system::errc;
  return failed == is::connection_refused || failed == is::host_unreachable ||
         failed == is::network_unreachable || failed == net::errc::unknown_host;
}

std::string request_to(const local_service& service, std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + service.authority() +
         "\r\nAccept: application/json\r\nUser-Agent: frpc/" FRPX_VERSION
         "\r\nConnection: close\r\n\r\n";
}

// The answer while it comes in.
class answer_reader {
 public:
  explicit answer_reader(std::size_t most) : most_(most) {}

  // Gives the answer once it is whole.
  std::optional<local_answer> take(std::string_view bytes) {
    input_.append(bytes);
    while (!in_body_) {
      const auto size = scanner_.scan_response(input_);
      if (!size) return unknown(size.error().message());
      if (!*size) return std::nullopt;
      if (auto ended = take_head(**size)) return ended;
    }
    return take_body();
  }

  local_answer end() {
    if (!in_body_) return unknown("the answer ended within its head");
    if (const error_code cut = body_.end_of_stream()) return unknown(cut.message());
    return whole();
  }

 private:
  std::optional<local_answer> take_head(std::size_t size) {
    http::response_head head;
    if (const auto bad = http::parse_response(std::string_view(input_).substr(0, size),
                                              scanner_.limits(), head)) {
      return unknown(bad.message());
    }
    const int status = head.status;
    const http::framing framing = head.body(false);
    const http::field* coding = head.fields.find("content-encoding");
    const bool coded = coding != nullptr && !http::equals_ignoring_case(coding->value, "identity");
    input_.erase(0, size);
    scanner_.reset();
    if (status < 200) {
      if (status == 101 || ++interim_ > most_interim) return unknown("an answer nobody asked for");
      return std::nullopt;
    }
    status_ = status;
    if (status != 200) return whole();
    if (coded) return unknown("the service answered in an encoding that was not asked for");
    body_.start(framing);
    in_body_ = true;
    return std::nullopt;
  }

  std::optional<local_answer> take_body() {
    std::string_view rest = input_;
    for (;;) {
      const auto step = body_.feed(rest);
      if (!step) return unknown(step.error().message());
      if (body_text_.size() + step->payload.size() > most_) {
        return unknown("the answer is too large");
      }
      body_text_.append(step->payload);
      if (body_.done()) return whole();
      if (step->consumed == 0) break;
      rest.remove_prefix(step->consumed);
    }
    input_.erase(0, input_.size() - rest.size());
    return std::nullopt;
  }

  local_answer whole() {
    return {local_answer::kind::answered, status_, std::move(body_text_), {}};
  }

  const std::size_t most_;
  http::head_scanner scanner_;
  http::body_decoder body_;
  std::string input_;
  std::string body_text_;
  int interim_ = 0;
  int status_ = 0;
  bool in_body_ = false;
};

// Reads what is there; gives the answer once it is whole.
std::optional<local_answer> read_some(net::socket& connection, bytes_span scratch,
                                      answer_reader& answer) {
  for (;;) {
    const net::read_outcome read = connection.read(scratch);
    switch (read.state) {
      case net::io_state::moved:
        if (auto got = answer.take(as_text(read.bytes))) return got;
        break;
      case net::io_state::blocked:
        return std::nullopt;
      case net::io_state::ended:
        return answer.end();
      case net::io_state::failed:
        return unknown(connection.error().message());
    }
  }
}

}  // namespace

asio::awaitable<local_answer> local_get(net::worker& on, local_service& from, std::string path,
                                        std::size_t most, steady_clock::duration patience) {
  const steady_time until = steady_clock::now() + patience;
  net::wakeup bell(on.events());
  net::alarm late(on.timers(), bell);
  net::stream_watch watch(bell);
  local_dial connecting(on, bell, from, patience);
  error_code failed = co_await connecting.start();
  while (!failed && connecting.step() != dial::state::connected) {
    if (connecting.step() == dial::state::connecting) {
      co_await bell.wait();
    } else if (!co_await connecting.start_again()) {
      failed = connecting.error();
    }
  }
  if (failed) {
    co_return means_absent(failed) ? absent(failed.message()) : unknown(failed.message());
  }
  const auto connection = connecting.take();
  connection->watch(&watch);
  late.set_in(until - steady_clock::now());
  // So short a request fits in the empty buffer of a fresh connection.
  const std::string request = request_to(from, path);
  if (connection->write(as_bytes(request)).bytes != request.size()) {
    co_return unknown("the service does not take a request");
  }
  answer_reader answer(most);
  for (;;) {
    if (auto whole = read_some(*connection, on.scratch(), answer)) {
      // In order, for the service has done nothing that deserves a reset.
      const net::unique_fd closed = connection->release();
      co_return std::move(*whole);
    }
    if (late.rang()) co_return unknown("the service did not answer in time");
    co_await bell.wait();
  }
}

}  // namespace frpx::client
