// Two link machines joined by a simulated wire, in virtual time.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "link/machine.hpp"

namespace frpx::link::testing {

using namespace std::chrono_literals;

/// One direction of a connection: what was written arrives later, in pieces, or not at all.
class wire {
 public:
  steady_clock::duration delay = 0s;
  std::uint64_t rate = 0;         ///< Bytes a second; 0 for no limit.
  std::size_t room = 512 * 1024;  ///< What both kernels hold, in bytes.
  std::size_t slice = 0;          ///< Pieces of 1 to this many bytes; 0 for pieces as written.
  bool stalled = false;           ///< The cable is pulled: nothing arrives or is acknowledged.
  bool stopped = false;  ///< The reader is stopped: its kernel acknowledges, up to its buffer.
  std::size_t reader_buffer = 64 * 1024;

  std::size_t write(std::span<const iovec> parts, steady_time now) {
    std::size_t accepted = 0;
    for (const iovec& part : parts) {
      const std::size_t take = std::min(part.iov_len, room - std::min(room, held_));
      const auto* from = static_cast<const std::byte*>(part.iov_base);
      if (take > 0) put({from, from + take}, now);
      accepted += take;
      if (take < part.iov_len) break;
    }
    return accepted;
  }

  std::optional<steady_time> next_arrival() const {
    if (stalled || stopped || pieces_.empty()) return std::nullopt;
    return pieces_.front().arrives;
  }

  /// What arrives at `now`, one piece.
  std::vector<std::byte> arrive(quick_random& random) {
    piece& first = pieces_.front();
    std::size_t size = first.bytes.size() - first.begin;
    if (slice > 0) {
      size = std::min<std::size_t>(size, 1 + random.below(static_cast<std::uint32_t>(slice)));
    }
    const auto begin = first.bytes.begin() + static_cast<std::ptrdiff_t>(first.begin);
    std::vector<std::byte> out(begin, begin + static_cast<std::ptrdiff_t>(size));
    first.begin += size;
    if (first.begin == first.bytes.size()) pieces_.pop_front();
    held_ -= size;
    arrived_ += size;
    return out;
  }

  std::uint64_t acknowledged() {
    if (!stalled) acknowledged_ = arrived_ + (stopped ? std::min(held_, reader_buffer) : 0);
    return acknowledged_;
  }
  std::size_t held() const { return held_; }
  /// Called with every byte written, before it travels.
  std::function<void(bytes_view)> tap;

 private:
  struct piece {
    steady_time arrives;
    std::vector<std::byte> bytes;
    std::size_t begin = 0;
  };

  void put(std::vector<std::byte> bytes, steady_time now) {
    if (tap) tap(bytes);
    held_ += bytes.size();
    busy_until_ = std::max(busy_until_, now);
    // Small pieces, so that a slow wire moves all the time.
    const std::size_t most = rate == 0 ? bytes.size() : slice > 0 ? slice : 1500;
    for (std::size_t at = 0; at < bytes.size(); at += most) {
      const std::size_t size = std::min(most, bytes.size() - at);
      if (rate > 0) busy_until_ += std::chrono::nanoseconds(size * 1'000'000'000 / rate);
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      pieces_.push_back({busy_until_ + delay, {begin, begin + static_cast<std::ptrdiff_t>(size)}});
    }
  }

  std::deque<piece> pieces_;
  std::size_t held_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t acknowledged_ = 0;
  steady_time busy_until_;
};

/// Reads the frames of one direction as they pass.
class frame_watch {
 public:
  using callback = std::function<void(const frame_header&, bytes_view payload)>;
  explicit frame_watch(callback seen) : seen_(std::move(seen)) {}

  void operator()(bytes_view bytes) {
    held_.insert(held_.end(), bytes.begin(), bytes.end());
    std::size_t at = 0;
    while (held_.size() - at >= header_size) {
      const frame_header header = load_header(held_.data() + at);
      if (held_.size() - at < header_size + header.length) break;
      seen_(header, bytes_view(held_).subspan(at + header_size, header.length));
      at += header_size + header.length;
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at));
  }

 private:
  callback seen_;
  std::vector<std::byte> held_;
};

class side;

/// The owner of one stream's end: sends a number of known bytes, checks those that come.
class end_point final : public stream_events {
 public:
  explicit end_point(side& at) : at_(at) {}

  stream_id id = 0;
  std::uint64_t to_send = 0;
  bool finish_at_end = true;
  std::uint64_t room = ~std::uint64_t{0};  ///< How many more bytes the sink takes.

  std::uint64_t sent = 0;
  std::uint64_t got = 0;
  bool exact = true;  ///< Every byte that came was the right one.
  bool finished = false;
  bool ended = false;
  bool moved = false;
  int bulk_told = 0;
  int writable_told = 0;
  int datagrams = 0;
  std::vector<std::string> datagram_texts;
  bool may_send = false;
  std::optional<reset_code> was_reset;
  std::optional<open_status> status;
  std::optional<uuid> asked_to_move;
  std::function<void()> on_first_byte;

  bool is_over() const {
    return was_reset || (status && *status != open_status::connected) || (finished && ended);
  }
  static std::byte pattern(stream_id id, bool from_server, std::uint64_t at) {
    return static_cast<std::byte>((at * 31 + (at >> 8) + id * 17 + (from_server ? 101 : 0)) & 0xff);
  }

  void pump();
  void drain();
  void on_opened(stream_id, open_status answer) override;
  std::size_t on_data(stream_id, bytes_view bytes) override;
  void on_datagram(stream_id, bytes_view datagram) override {
    ++datagrams;
    datagram_texts.emplace_back(as_text(datagram));
  }
  void on_end(stream_id) override { ended = true; }
  void on_reset(stream_id, reset_code code) override { was_reset = code; }
  void on_writable(stream_id) override {
    ++writable_told;
    pump();
  }
  void on_bulk(stream_id) override { ++bulk_told; }
  void on_move(stream_id, const uuid& one_time_id) override { asked_to_move = one_time_id; }
  void on_moved(stream_id) override { moved = true; }

  void note(intake now) {
    ended = ended || now == intake::ended;
    moved = moved || now == intake::moved;
  }

 private:
  void check(bytes_view bytes);
  side& at_;
};

/// A machine and its streams' owners.
class side final : public link_events {
 public:
  side(role which, const options& how, steady_time now)
      : is_server(which == role::server),
        machine_(std::make_unique<machine>(which, how, *this, now)) {}

  machine& operator*() { return *machine_; }
  machine* operator->() { return machine_.get(); }

  end_point& at(stream_id id) { return *ends.at(id); }
  std::uint64_t got(stream_id id) const {
    const auto found = ends.find(id);
    return found == ends.end() ? 0 : found->second->got;
  }
  /// Server: opens a stream that sends `bytes` to the client.
  result<stream_id> open(std::uint64_t bytes, stream_kind kind = stream_kind::tcp,
                         std::string_view service = "web") {
    auto fresh = std::make_unique<end_point>(*this);
    const auto id = machine_->open(kind, service, "192.0.2.1:5000", *fresh);
    if (!id) return id;
    fresh->id = *id;
    fresh->to_send = bytes;
    fresh->may_send = true;
    if (plan) plan(*fresh);
    end_point& added = *(ends[*id] = std::move(fresh));
    if (kind != stream_kind::udp) added.pump();
    return id;
  }

  acceptance on_open(const open_request& request) override {
    last_visitor = request.visitor;
    last_service = request.service;
    if (answer_with && *answer_with != open_status::connected) return {nullptr, answer_with};
    auto fresh = std::make_unique<end_point>(*this);
    fresh->id = request.id;
    if (plan) plan(*fresh);
    fresh->may_send = answer_with.has_value();
    end_point& added = *(ends[request.id] = std::move(fresh));
    if (added.may_send) opened_now.push_back(request.id);
    return {&added, answer_with};
  }
  void on_up() override { ++ups; }
  void on_goaway(goaway_code code) override { goaways.push_back(code); }
  void on_closed(error_code reason) override { closings.push_back(reason); }

  const bool is_server;
  std::map<stream_id, std::unique_ptr<end_point>> ends;
  std::optional<open_status> answer_with = open_status::connected;  ///< Empty: connects take time.
  std::function<void(end_point&)> plan;                             ///< For each new end.
  std::vector<stream_id> opened_now;
  std::string last_visitor, last_service;
  int ups = 0;
  std::vector<goaway_code> goaways;
  std::vector<error_code> closings;

 private:
  std::unique_ptr<machine> machine_;
};

inline void end_point::pump() {
  machine& link = *at_;
  while (may_send && sent < to_send && !was_reset) {
    const bytes_span room_now = link.prepare(id);
    if (room_now.empty()) return;
    const std::size_t part = std::min<std::uint64_t>(room_now.size(), to_send - sent);
    for (std::size_t i = 0; i < part; ++i) room_now[i] = pattern(id, at_.is_server, sent + i);
    link.commit(id, part);
    sent += part;
  }
  if (may_send && sent == to_send && finish_at_end && !finished) {
    finished = true;
    link.finish(id);
  }
}

inline void end_point::check(bytes_view bytes) {
  if (got == 0 && !bytes.empty() && on_first_byte) on_first_byte();
  for (const std::byte each : bytes) exact &= each == pattern(id, !at_.is_server, got++);
}

inline void end_point::on_opened(stream_id, open_status answer) {
  status = answer;
}

inline std::size_t end_point::on_data(stream_id, bytes_view bytes) {
  const std::size_t taken = std::min<std::uint64_t>(room, bytes.size());
  check(bytes.first(taken));
  room -= room == ~std::uint64_t{0} ? 0 : taken;
  return taken;
}

inline void end_point::drain() {
  std::array<iovec, 4> parts;
  while (room > 0) {
    const std::size_t filled = at_->pending(id, parts);
    if (filled == 0) return;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < filled && room > 0; ++i) {
      const std::size_t part = std::min<std::uint64_t>(room, parts[i].iov_len);
      check({static_cast<const std::byte*>(parts[i].iov_base), part});
      room -= room == ~std::uint64_t{0} ? 0 : part;
      taken += part;
    }
    note(at_->consumed(id, taken));
  }
}

/// Both sides, the wires between them, and the clock.
class pair {
 public:
  explicit pair(const options& how = {}, std::uint64_t seed = 1) : pair(how, how, seed) {}
  pair(const options& server_how, const options& client_how, std::uint64_t seed = 1)
      : random(seed), server(role::server, server_how, now), client(role::client, client_how, now) {
    flush();
  }

  /// Everything that is due at the next moment that something is due; false when nothing is before
  /// `until`.
  bool step(steady_time until) {
    auto next = next_tick_;
    for (const wire* each : {&down, &up}) {
      if (const auto arrival = each->next_arrival()) next = std::min(next, *arrival);
    }
    if (next > until) return false;
    now = std::max(now, next);
    server->wake(now);
    client->wake(now);
    carry(down, *client);
    carry(up, *server);
    while (next_tick_ <= now) {
      server->tick(now, down.acknowledged());
      client->tick(now, up.acknowledged());
      next_tick_ += 1s;
    }
    flush();
    if (after_step) after_step();
    return true;
  }
  void run(steady_clock::duration time) {
    const steady_time until = now + time;
    flush();
    while (step(until)) {
    }
    now = until;
    server->wake(now);
    client->wake(now);
  }
  /// False when `done` does not come true within `time`.
  bool run_until(const std::function<bool()>& done, steady_clock::duration time = 60s) {
    const steady_time until = now + time;
    flush();
    while (!done()) {
      if (!step(until)) return done();
    }
    return true;
  }
  /// Everything that is on its way has arrived, and one tick's worth of nothing follows.
  void settle() {
    run_until([&] { return down.held() == 0 && up.held() == 0 && !flush(); }, 900ms);
  }

  bool flush() {
    for (const stream_id id : std::exchange(client.opened_now, {})) client.at(id).pump();
    const bool wrote_down = write(server, down);
    const bool wrote_up = write(client, up);
    return wrote_down || wrote_up;
  }

  quick_random random;
  steady_time now{};
  side server;
  side client;
  wire down;  ///< Server to client.
  wire up;
  std::function<void()> after_step;

 private:
  void carry(wire& from, machine& to) {
    while (from.next_arrival() && *from.next_arrival() <= now) to.receive(from.arrive(random), now);
  }
  bool write(side& from, wire& to) {
    std::array<iovec, 12> parts;
    bool any = false;
    for (;;) {
      const std::size_t filled = from->gather(parts, now);
      std::size_t offered = 0;
      for (std::size_t i = 0; i < filled; ++i) offered += parts[i].iov_len;
      if (offered == 0) return any;
      const std::size_t accepted = to.write(std::span(parts).first(filled), now);
      from->wrote(accepted);
      any = any || accepted > 0;
      if (accepted < offered) return any;
    }
  }

  steady_time next_tick_ = now + 1s;
};

}  // namespace frpx::link::testing
