#include "link/connection.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <cassert>

namespace frpx::link {

namespace {

constexpr auto tick_every = std::chrono::seconds(1);
constexpr auto user_timeout = std::chrono::seconds(15);
constexpr std::size_t turn_frames = 2048;  // of which each may cost a system call

// What the peer's TCP has acknowledged of `written` bytes.
std::uint64_t acknowledged(int fd, std::uint64_t written) {
  int unacknowledged = 0;
  if (::ioctl(fd, SIOCOUTQ, &unacknowledged) != 0 || unacknowledged < 0) return written;
  return written - std::min<std::uint64_t>(written, static_cast<std::uint64_t>(unacknowledged));
}

}  // namespace

connection::connection(net::worker& on, std::unique_ptr<net::socket> socket, role side,
                       const options& how, bytes_span receive_buffer, own_streams& owns,
                       observer& by)
    : deadline(on.timers()),
      on_(on),
      side_(side),
      socket_(std::move(socket)),
      machine_(side, how, *this, steady_clock::now()),
      receive_buffer_(receive_buffer),
      owns_(owns),
      observer_(by) {
  net::tune_link(socket_->descriptor(), user_timeout);
}

connection::~connection() {
  tell_signs(false);
  assert(machine_.live_streams() == 0 && "a link goes behind its streams");
}

void connection::start(bytes_view behind) {
  socket_->watch(this);
  set_in(tick_every);
  if (!behind.empty()) machine_.receive(behind, steady_clock::now());
  flush_soon();
  on_.events().schedule(reading_);
}

result<std::unique_ptr<linked_stream>> connection::open(stream_kind kind, std::string_view service,
                                                        std::string_view visitor) {
  std::unique_ptr<linked_stream> stream(new linked_stream(*this, owns_));
  const auto id = machine_.open(kind, service, visitor, *stream);
  if (!id) {
    stream->link_ = nullptr;
    return id.error();
  }
  stream->id_ = *id;
  flush_soon();
  return stream;
}

result<std::unique_ptr<linked_datagrams>> connection::open_datagrams(std::string_view service,
                                                                     std::string_view visitor) {
  std::unique_ptr<linked_datagrams> stream(new linked_datagrams(*this));
  const auto id = machine_.open(stream_kind::udp, service, visitor, *stream);
  if (!id) {
    stream->link_ = nullptr;
    return id.error();
  }
  stream->id_ = *id;
  flush_soon();
  return stream;
}

acceptance connection::on_open(const open_request& request) {
  if (request.kind == stream_kind::udp) return on_open_datagrams(request);
  std::unique_ptr<linked_stream> stream(new linked_stream(*this, owns_));
  linked_stream* const kept = stream.get();
  kept->id_ = request.id;
  const auto status = observer_.on_link_stream(*this, std::move(stream), request);
  if (status && *status != open_status::connected) return {nullptr, status};
  return {kept, status};
}

acceptance connection::on_open_datagrams(const open_request& request) {
  std::unique_ptr<linked_datagrams> stream(new linked_datagrams(*this));
  linked_datagrams* const kept = stream.get();
  kept->id_ = request.id;
  const auto status = observer_.on_link_datagrams(*this, std::move(stream), request);
  return {status == open_status::connected ? kept : nullptr, status};
}

// The stream carries bulk: the client is to bring an own connection for it.
void connection::order_own(linked_stream& stream) {
  const auto id = owns_.order(stream, on_.index(), steady_clock::now());
  if (id && machine_.move(stream.id(), *id)) flush_soon();
}

void connection::end(goaway_code code) {
  machine_.goaway(code);
  flush_soon();
}

bool connection::is_fit() const {
  return !closed_ && machine_.accepting() && !machine_.suspect(steady_clock::now());
}

connection::sign::sign(connection& of, net::wakeup& bell) : of_(&of), bell_(bell) {
  of_->signs_.push_back(this);
  of_->machine_.ask_for_sign(steady_clock::now());
  of_->flush_soon();
}

connection::sign::~sign() {
  if (of_ != nullptr) std::erase(of_->signs_, this);
}

void connection::tell_signs(bool came) {
  for (sign* each : std::exchange(signs_, {})) {
    each->of_ = nullptr;
    each->came_ = came;
    if (came) each->bell_.ring();
  }
}

void connection::on_ready(net::stream::readiness what) {
  if (what.writable) flush_soon();
  if (what.readable) read();
}

void connection::read() {
  const steady_time now = steady_clock::now();
  while (!closed_ && machine_.state() != phase::closing && machine_.state() != phase::closed) {
    const auto got = socket_->read(receive_buffer_);
    if (got.state == net::io_state::blocked) break;
    if (got.state == net::io_state::moved) {
      if (!signs_.empty()) tell_signs(true);
      const std::size_t used = machine_.receive(got.bytes, now, turn_frames);
      if (used < got.bytes.size()) {
        socket_->unread(got.bytes.subspan(used));
        socket_->end_turn();
      }
    } else if (got.state == net::io_state::ended) {
      machine_.end_of_input(now);
      break;
    } else {
      machine_.lost(now);
      break;
    }
  }
  flush_soon();
}

void connection::flush() {
  const steady_time now = steady_clock::now();
  std::array<iovec, 64> parts;
  while (!closed_) {
    const std::size_t count = machine_.gather(parts, now);
    if (count == 0) break;
    const auto sent = socket_->write(std::span<const iovec>(parts.data(), count));
    if (sent.state == net::io_state::failed) machine_.lost(now);
    if (sent.state != net::io_state::moved) break;
    machine_.wrote(sent.bytes);
    written_ += sent.bytes;
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < count; ++i) wanted += parts[i].iov_len;
    if (sent.bytes < wanted) break;
  }
  follow_phase();
}

void connection::follow_phase() {
  if (machine_.state() == phase::shut) socket_->finish();
  if (machine_.state() == phase::closed && !closed_) on_closed({});
  go_if_done();
}

void connection::expired() {
  const steady_time now = steady_clock::now();
  machine_.tick(now, acknowledged(socket_->descriptor(), written_));
  const bool ending = machine_.state() == phase::shut || machine_.state() == phase::closing;
  if (ending && now >= machine_.close_by()) on_closed(why_);
  set_in(tick_every);
  flush_soon();
}

void connection::on_closed(error_code reason) {
  if (std::exchange(closed_, true)) return;
  why_ = reason;
  go_if_done();
}

void connection::go_if_done() {
  if (closed_ && machine_.held_streams() == 0) on_.events().schedule(going_);
}

void connection::be_gone() {
  clear();
  socket_->watch(nullptr);
  observer_.on_link_gone(*this, why_);
}

}  // namespace frpx::link
