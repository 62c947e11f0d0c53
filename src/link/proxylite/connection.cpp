#include "link/proxylite/connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "link/errc.hpp"

namespace frpx::link::proxylite {

using wire::proxylite::close_mark;
using wire::proxylite::longest_sent;
using wire::proxylite::segment_header_size;

namespace {

constexpr std::size_t most_unsent = 256 * 1024;        // then the streams wait
constexpr std::size_t most_backlog = 4 * 1024 * 1024;  // of opens and closes that nobody reads
constexpr std::size_t room_again = 64 * 1024;          // they are told when so little is left
constexpr std::size_t large_write = 16 * 1024;         // not worth a copy
constexpr std::uint32_t turn_segments = 2048;          // of which each may cost a system call
constexpr auto look_again = std::chrono::milliseconds(250);  // at streams that stay full

}  // namespace

connection::connection(net::worker& on, std::unique_ptr<net::socket> socket, role side, options how,
                       bytes_span receive_buffer, observer& by)
    : deadline(on.timers()),
      on_(on),
      side_(side),
      options_(how),
      socket_(std::move(socket)),
      receive_buffer_(receive_buffer.first(std::min(receive_buffer.size(), receive_size))),
      observer_(by),
      out_(on.buffers()),
      segments_(on.events(), turn_segments) {
  assert(how.stream_buffer > receive_buffer_.size() && how.total_buffer > receive_buffer_.size());
  net::tune_stream(socket_->descriptor());
}

connection::~connection() {
  assert(streams_.empty() && "a tunnel's connection goes behind its streams");
}

void connection::start(bytes_view behind) {
  socket_->watch(this);
  if (!behind.empty()) receive(behind);
  on_.events().schedule(reading_);
}

// A uid is random, so that one which ended a while ago hardly comes again.
result<std::unique_ptr<segment_stream>> connection::open() {
  if (gone_) return make_error_code(errc::closed);
  if (streams_.size() >= options_.most_streams) return make_error_code(errc::too_many);
  std::uint32_t uid = 0;
  do {
    uid = static_cast<std::uint32_t>(on_.random()());
  } while (uid == 0 || streams_.contains(uid) || ended_.contains(uid));
  std::unique_ptr<segment_stream> stream(new segment_stream(*this, uid));
  streams_.emplace(uid, stream.get());
  put_segment(uid, 0, {});  // a client connects to its service now, not at the first byte
  return stream;
}

void connection::end() {
  fail(make_error_code(errc::session_over));
}

// --- reading -------------------------------------------------------------------------------------

void connection::on_ready(net::stream::readiness what) {
  if (what.writable) flush_soon();
  if (what.readable) read();
}

void connection::read() {
  while (!gone_ && !is_paused()) {
    const auto got = socket_->read(receive_buffer_);
    if (got.state == net::io_state::blocked) return;
    if (got.state == net::io_state::ended) return fail(make_error_code(errc::lost));
    if (got.state == net::io_state::failed) return fail(socket_->error());
    receive(got.bytes);
  }
}

void connection::receive(bytes_view bytes) {
  while (!gone_) {
    if (segments_.is_spent()) {
      socket_->unread(bytes);
      return socket_->end_turn();
    }
    const auto piece = reader_.next(bytes);
    if (!piece) return fail(piece.error());
    if (!*piece) return;
    segments_.use(1);
    take(**piece);
  }
}

void connection::take(const wire::proxylite::segment_piece& piece) {
  segment_stream* const stream = find_or_make(piece);
  if (stream == nullptr) return;
  stream->on_data(piece.bytes);
  if (!piece.ends) return;
  // Its owner may have dropped it while it took the bytes.
  if (const auto still = streams_.find(piece.uid); still != streams_.end()) {
    still->second->on_close();
  }
}

segment_stream* connection::find_or_make(const wire::proxylite::segment_piece& piece) {
  const auto found = streams_.find(piece.uid);
  if (found != streams_.end()) return found->second;
  if (ended_.contains(piece.uid) || (piece.ends && piece.bytes.empty())) return nullptr;
  if (side_ == role::server || streams_.size() >= options_.most_streams) {
    say_close(piece.uid);
    remember_ended(piece.uid);
    return nullptr;
  }
  std::unique_ptr<segment_stream> stream(new segment_stream(*this, piece.uid));
  streams_.emplace(piece.uid, stream.get());
  observer_.on_tunnel_stream(std::move(stream));
  const auto kept = streams_.find(piece.uid);
  return kept == streams_.end() ? nullptr : kept->second;
}

// --- streams that do not take their bytes --------------------------------------------------------

// Room for one more read is always left, so the bounds hold whatever a read brings.
void connection::held_more(segment_stream& who, std::size_t bytes) {
  held_ += bytes;
  const bool was_paused = is_paused();
  const std::size_t left =
      options_.stream_buffer - std::min(who.held_.size(), options_.stream_buffer);
  if (!who.is_full_ && left < receive_buffer_.size()) {
    who.is_full_ = true;
    ++full_;
  }
  if (held_ + receive_buffer_.size() > options_.total_buffer) total_is_full_ = true;
  if (is_paused() && !was_paused) pause();
}

void connection::held_less(segment_stream& who, std::size_t bytes) {
  held_ -= bytes;
  if (who.is_full_ && (who.link_ == nullptr || who.held_.size() <= options_.stream_buffer / 2)) {
    who.is_full_ = false;
    --full_;
  }
  if (held_ <= options_.total_buffer / 2) total_is_full_ = false;
  resume_if_possible();
}

void connection::pause() {
  paused_at_ = steady_clock::now();
  set_in(options_.stall);
}

void connection::resume_if_possible() {
  if (is_paused() || !is_set()) return;
  clear();
  on_.events().schedule(reading_);
}

// Ends those who hold the others up and took nothing meanwhile.
void connection::expired() {
  const steady_time now = steady_clock::now();
  std::vector<std::uint32_t> stalled;
  for (const auto& [uid, stream] : streams_) {
    const bool holds_up = stream->is_full_ || (total_is_full_ && !stream->held_.empty());
    const steady_time since = std::max(stream->last_taken_, paused_at_);
    if (holds_up && now - since >= options_.stall) stalled.push_back(uid);
  }
  set_in(look_again);
  for (const std::uint32_t uid : stalled) {
    if (const auto found = streams_.find(uid); found != streams_.end()) {
      found->second->fail(make_error_code(boost::system::errc::timed_out));
    }
  }
  resume_if_possible();
}

// --- writing -------------------------------------------------------------------------------------

std::size_t connection::send(std::uint32_t uid, bytes_view bytes) {
  if (gone_ || out_.size() >= most_unsent) return 0;
  bytes = bytes.first(std::min(bytes.size(), most_unsent - out_.size()));
  if (out_.empty() && bytes.size() >= large_write) return send_now(uid, bytes);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto now = bytes.subspan(done, std::min(bytes.size() - done, longest_sent));
    put_segment(uid, 0, now);
    done += now.size();
  }
  return bytes.size();
}

// Bulk goes to the socket from where it stands; what the socket leaves is kept.
std::size_t connection::send_now(std::uint32_t uid, bytes_view bytes) {
  constexpr std::size_t most_segments = 8;
  std::array<std::byte, most_segments * segment_header_size> headers;
  std::array<iovec, 2 * most_segments> parts;
  std::size_t count = 0;
  std::size_t done = 0;
  for (; done < bytes.size() && count < parts.size(); count += 2) {
    const auto now = bytes.subspan(done, std::min(bytes.size() - done, longest_sent));
    std::byte* const header = headers.data() + count / 2 * segment_header_size;
    wire::proxylite::store_segment_header(uid, 0, now.size(), header);
    parts[count] = {header, segment_header_size};
    parts[count + 1] = {const_cast<std::byte*>(now.data()), now.size()};
    done += now.size();
  }
  const auto sent = socket_->write(std::span<const iovec>(parts.data(), count));
  if (sent.state == net::io_state::failed) {
    fail(socket_->error());
    return 0;
  }
  std::size_t skip = sent.bytes;
  for (const iovec& part : std::span(parts.data(), count)) {
    const std::size_t gone = std::min(skip, part.iov_len);
    skip -= gone;
    out_.append({static_cast<const std::byte*>(part.iov_base) + gone, part.iov_len - gone});
  }
  return done;
}

void connection::put_segment(std::uint32_t uid, std::uint32_t close, bytes_view bytes) {
  const bytes_span into = out_.prepare(segment_header_size + bytes.size());
  wire::proxylite::store_segment_header(uid, close, bytes.size(), into.data());
  std::copy(bytes.begin(), bytes.end(), into.begin() + segment_header_size);
  out_.commit(segment_header_size + bytes.size());
  if (out_.size() > most_backlog) return fail(make_error_code(errc::dead));
  flush_soon();
}

void connection::flush() {
  while (!gone_ && !out_.empty()) {
    const auto sent = socket_->write(out_.bytes());
    if (sent.state == net::io_state::failed) return fail(socket_->error());
    if (sent.state != net::io_state::moved) break;
    out_.consume(sent.bytes);
  }
  if (out_.empty()) out_.release();
  if (out_.size() <= room_again) wake_waiting();
}

// Each of them may take all the room that there is; who finds none stands at the end again.
void connection::wake_waiting() {
  for (std::size_t left = waiting_.size(); left > 0 && !gone_; --left) {
    if (out_.size() >= most_unsent) return;
    const std::uint32_t uid = waiting_.front();
    waiting_.pop_front();
    if (const auto found = streams_.find(uid); found != streams_.end()) {
      found->second->on_writable();
    }
  }
}

void connection::wait_for_room(segment_stream& who) {
  if (std::exchange(who.waits_, true)) return;
  waiting_.push_back(who.uid_);
}

// --- ends ----------------------------------------------------------------------------------------

void connection::say_close(std::uint32_t uid) {
  if (!gone_) put_segment(uid, close_mark, {});
}

void connection::leave(segment_stream& who) {
  streams_.erase(who.uid_);
  if (who.waits_) std::erase(waiting_, who.uid_);
  if (!gone_) remember_ended(who.uid_);
}

void connection::remember_ended(std::uint32_t uid) {
  if (!ended_.insert(uid).second) return;
  ended_in_order_.push_back(uid);
  if (ended_in_order_.size() <= most_ended) return;
  ended_.erase(ended_in_order_.front());
  ended_in_order_.pop_front();
}

void connection::fail(error_code why) {
  if (std::exchange(gone_, true)) return;
  why_ = why;
  socket_->watch(nullptr);
  // Closes that were said just now still go, as far as that takes no waiting.
  if (!out_.empty() && !socket_->error()) socket_->write(out_.bytes());
  socket_->finish();
  on_.events().schedule(going_);
}

// The streams are told from the loop, not from inside a call on one of them.
void connection::be_gone() {
  clear();
  while (!streams_.empty()) {
    streams_.begin()->second->fail(make_error_code(boost::system::errc::connection_reset));
  }
  observer_.on_tunnel_gone(why_);
}

}  // namespace frpx::link::proxylite
