// A visitor's bytes and a service's bytes through both forwarders: what comes out parses again, a
// complete message stays complete, one that was cut does not become so, and pieces do not matter.
// The first byte says how the bytes are cut; the two sides are parted by the first 0xff.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "http/errc.hpp"
#include "http/forward.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace frpx;
using namespace frpx::http;

constexpr std::size_t buffer_size = 48 * 1024;

/// The payload of `bytes`; whether they end with the body.
std::string payload_of(framing how, std::string_view bytes, bool& done) {
  body_decoder decoder(how);
  std::string payload;
  while (true) {
    const auto step = decoder.feed(bytes);
    REQUIRE(step.has_value());
    if (step->consumed == 0) break;
    payload += step->payload;
    bytes.remove_prefix(step->consumed);
  }
  REQUIRE(bytes.empty());
  done = decoder.done();
  return payload;
}

void pass_request(const request_head& head, std::string_view bytes, std::size_t slice,
                  std::size_t room) {
  request_forwarder forwarder;
  if (forwarder.start(head, 1000)) return;
  std::vector<char> out(room);
  std::string sent;
  std::size_t shown = 0;
  while (!forwarder.complete()) {
    const auto p = forwarder.forward(bytes.substr(0, shown), out);
    if (!p) return;
    REQUIRE(p->consumed <= shown && p->produced <= room);
    sent.append(out.data(), p->produced);
    bytes.remove_prefix(p->consumed);
    shown -= p->consumed;
    if (p->next == progress::need::room) REQUIRE(p->produced != 0);
    if (p->next != progress::need::input) continue;
    if (shown == bytes.size()) break;
    shown = std::min(shown + slice, bytes.size());
  }
  bool done = false;
  const std::string payload = payload_of(head.body, sent, done);
  REQUIRE(done == forwarder.complete() && payload.size() == forwarder.body_size());
}

struct answer {
  std::string out;
  bool failed = false;
  bool complete = false;
  bool upgraded = false;
  std::size_t left = 0;
};

answer pass_response(const request_head& request, std::string_view bytes, std::size_t slice,
                     std::size_t room) {
  response_forwarder forwarder;
  forwarder.start(request, true);
  std::vector<char> out(buffer_size);
  answer a;
  std::size_t shown = 0;
  const auto note = [&](const result<progress>& p) {
    a.failed = !p;
    if (p) a.out.append(out.data(), p->produced);
    return p.has_value();
  };
  while (true) {
    const std::size_t size = forwarder.answered() ? room : out.size();
    const auto p = forwarder.forward(bytes.substr(0, shown), std::span(out).first(size), true);
    if (!note(p) || p->next == progress::need::none) break;
    bytes.remove_prefix(p->consumed);
    shown -= p->consumed;
    if (p->next == progress::need::room) continue;
    if (shown == bytes.size()) break;
    shown = std::min(shown + slice, bytes.size());
  }
  while (!a.failed && !forwarder.complete()) note(forwarder.end_of_stream(out));
  a.complete = forwarder.complete();
  a.upgraded = forwarder.upgraded();
  return a;
}

/// What the visitor would make of the bytes it got.
void check_answer(const request_head& request, const answer& a) {
  std::string_view rest = a.out;
  while (!rest.empty()) {
    head_scanner scanner({.head = buffer_size});
    const auto end = scanner.scan_response(rest);
    REQUIRE(end && *end);
    response_head head;
    const auto error = parse_response(rest.substr(0, **end), scanner.limits(), head);
    REQUIRE(!error || error == errc::too_many_fields);
    if (error) return;
    rest.remove_prefix(**end);
    if (head.status < 200) continue;
    bool done = false;
    const framing how = head.body(request.method == "HEAD");
    payload_of(how, rest, done);
    if (how.how != framing::kind::until_close) REQUIRE(done == a.complete);
    return;
  }
  REQUIRE(!a.complete || a.upgraded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t slice = 1U + data[0] % 16U;
  const std::size_t room = 6U + data[0] / 16U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t parted = std::min(bytes.find('\xff'), bytes.size());
  const std::string_view visitor = bytes.substr(0, parted);
  const std::string_view service = bytes.substr(std::min(parted + 1, bytes.size()));

  head_scanner scanner;
  const auto end = scanner.scan_request(visitor);
  request_head head;
  if (!end || !*end || parse_request(visitor.substr(0, **end), {}, head)) return 0;
  pass_request(head, visitor.substr(**end), slice, room);
  const answer cut = pass_response(head, service, slice, room);
  const answer whole = pass_response(head, service, service.size() + 1, buffer_size);
  REQUIRE(cut.failed == whole.failed && cut.complete == whole.complete);
  if (!cut.failed) check_answer(head, cut);
  if (!whole.failed) check_answer(head, whole);
  return 0;
}
