// One link machine and a peer that says whatever a test wants.
#pragma once

#include "tests/support/link_pair.hpp"

namespace frpx::link::testing {

struct seen_frame {
  frame_header header;
  std::vector<std::byte> payload;
};

/// A machine whose peer is the test itself.
class bare_link {
 public:
  explicit bare_link(role which, const options& how = {}) : owner(which, how, now) {
    if (which == role::client) say(frame(0, frame_type::ping, std::string(8, 'p')));
    hear();
  }

  static std::vector<std::byte> frame(stream_id id, frame_type type, std::string_view payload) {
    std::vector<std::byte> out(header_size + payload.size());
    store_header({id, type, static_cast<std::uint32_t>(payload.size())}, out.data());
    std::ranges::copy(as_bytes(payload), out.begin() + header_size);
    return out;
  }
  static std::string number(std::uint32_t value) {
    std::array<std::byte, 4> bytes;
    store_big(value, bytes.data());
    return std::string(as_text(bytes));
  }

  void say(bytes_view bytes) { owner->receive(bytes, now); }
  void say(stream_id id, frame_type type, std::string_view payload = {}) {
    say(frame(id, type, payload));
  }
  void say_open(stream_id id, stream_kind kind = stream_kind::tcp, std::uint32_t credit = 262'144) {
    std::array<std::byte, longest_control> bytes;
    say({bytes.data(), write_open({id, kind, credit, "web", "192.0.2.1:5000"}, bytes.data())});
  }
  void say_opened(stream_id id, open_status status = open_status::connected,
                  std::uint32_t credit = 0) {
    say(id, frame_type::opened, std::string(1, static_cast<char>(status)) + number(credit));
  }

  /// All that the machine writes now.
  std::vector<seen_frame> hear() {
    for (const stream_id id : std::exchange(owner.opened_now, {})) owner.at(id).pump();
    std::vector<seen_frame> frames;
    frame_watch watch([&](const frame_header& header, bytes_view payload) {
      frames.push_back({header, {payload.begin(), payload.end()}});
    });
    std::array<iovec, 12> parts;
    while (const std::size_t filled = owner->gather(parts, now)) {
      std::size_t total = 0;
      for (const iovec& part : std::span(parts).first(filled)) {
        watch({static_cast<const std::byte*>(part.iov_base), part.iov_len});
        total += part.iov_len;
      }
      owner->wrote(total);
    }
    return frames;
  }
  /// The GOAWAY that the machine fails with; empty while it is well.
  std::optional<goaway_code> failure() {
    for (const seen_frame& each : hear()) {
      if (each.header.type == frame_type::goaway) return read_goaway(each.payload)->code;
    }
    return std::nullopt;
  }
  void tick(std::uint64_t acknowledged = 0) {
    now += 1s;
    owner->tick(now, acknowledged);
  }

  steady_time now{};
  side owner;
};

inline std::vector<frame_type> types_of(const std::vector<seen_frame>& frames) {
  std::vector<frame_type> types;
  for (const seen_frame& each : frames) types.push_back(each.header.type);
  return types;
}

}  // namespace frpx::link::testing
