#include "http/h2/stream.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/log.hpp"
#include "http/api_error.hpp"
#include "http/h2/session.hpp"
#include "http/trailer.hpp"

namespace frpx::http::h2 {

using net::io_state;

// --- the gateway's side ---

stream::~stream() {
  if (state_ != nullptr) state_->leave();
}

net::read_outcome stream::read(bytes_span scratch) {
  if (state_ != nullptr) return state_->read(scratch);
  return {complete_ ? io_state::ended : io_state::failed, {}};
}

net::write_outcome stream::write(bytes_view bytes) {
  if (state_ != nullptr) return state_->write(bytes);
  return {io_state::failed, 0};
}

void stream::finish() {
  if (state_ != nullptr) state_->finish();
}

void stream::reset() noexcept {
  if (state_ != nullptr) state_->reset(NGHTTP2_INTERNAL_ERROR);
}

error_code stream::error() const {
  if (state_ != nullptr || complete_) return {};
  return boost::system::errc::make_error_code(boost::system::errc::connection_reset);
}

// --- the session's side ---

stream_state::stream_state(session& of, std::int32_t id)
    : deadline(of.worker().timers()),
      of_(of),
      id_(id),
      request_(of.how().head.head),
      in_(of.worker().buffers()),
      answer_(of.how().answer_head()),
      out_(of.worker().buffers()) {}

stream_state::~stream_state() {
  close();
}

void stream_state::take_field(bool of_trailer, std::string_view name, std::string_view value) {
  if (!of_trailer) return request_.add(name, value);
  fields_of_trailer_ += name.size() + value.size();
  if (fields_of_trailer_ > body_decoder::longest_trailer) return reset(NGHTTP2_ENHANCE_YOUR_CALM);
  trailer_ += trailer_line(name, value);
}

std::unique_ptr<stream> stream_state::begin(bool has_body) {
  in_ended_ = !has_body;
  auto head = request_.finish(has_body);
  answer_.answers_head(request_.is_head());
  if (!head) {
    const int status = status_of(head.error());
    write(as_bytes(of_.how().refuse != nullptr
                       ? of_.how().refuse(request_.method(), request_.target(), status)
                       : error_response({.status = status, .to_head = request_.is_head()},
                                        wall_clock::now())));
    return nullptr;
  }
  text_ = std::move(*head);
  std::unique_ptr<stream> one(new stream(*this));
  handle_ = one.get();
  return one;
}

void stream_state::take_payload(bytes_view bytes) {
  if (handle_ == nullptr) return;  // the answer was given without it
  in_.append(bytes);
  handle_->tell({.readable = true});
}

void stream_state::take_end() {
  in_ended_ = true;
  if (handle_ != nullptr) handle_->tell({.readable = true});
}

// What is to be read before more of the payload: a chunk's frame, the body's end.
void stream_state::next_text() {
  text_.clear();
  text_read_ = 0;
  const bool chunked = request_.is_chunked();
  if (std::exchange(in_run_, false)) {
    if (chunked) text_ = "\r\n";
  } else if (!in_.empty()) {
    in_run_ = true;
    run_left_ = in_.size();
    if (!chunked) return;
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), run_left_, 16).ptr;
    text_.append(digits.begin(), end).append("\r\n");
  } else if (in_ended_ && !std::exchange(end_said_, true)) {
    if (chunked) text_ = ending_with(trailer_);
  }
}

net::read_outcome stream_state::read(bytes_span scratch) {
  read_begun_ = true;
  std::size_t size = 0;
  std::size_t payload = 0;
  while (size < scratch.size()) {
    const bytes_span room = scratch.subspan(size);
    if (text_read_ < text_.size()) {
      const auto text = std::string_view(text_).substr(text_read_, room.size());
      std::copy_n(as_bytes(text).begin(), text.size(), room.begin());
      text_read_ += text.size();
      size += text.size();
    } else if (run_left_ != 0) {
      const std::size_t count = std::min(run_left_, room.size());
      std::copy_n(in_.bytes().begin(), count, room.begin());
      in_.consume(count);
      run_left_ -= count;
      payload += count;
      size += count;
    } else {
      next_text();
      if (text_.empty() && !in_run_) break;
    }
  }
  if (in_.empty()) in_.release();
  if (payload != 0) of_.has_read(id_, payload);
  if (size != 0) return {io_state::moved, scratch.first(size)};
  return {end_said_ ? io_state::ended : io_state::blocked, {}};
}

net::write_outcome stream_state::write(bytes_view bytes) {
  if (answer_.complete() || reset_) return {io_state::failed, 0};
  const std::string_view text = as_text(bytes);
  response_head head;
  std::size_t taken = 0;
  while (taken < text.size() && !answer_.complete()) {
    const std::size_t room = most_out - out_.size();
    if (answer_.has_head() && room == 0) break;
    const auto step = answer_.feed(text.substr(taken), std::max<std::size_t>(room, 1), head);
    if (!step) {
      log::error("an answer for HTTP/2 is no answer: {}", step.error().message());
      reset(NGHTTP2_INTERNAL_ERROR);
      return {io_state::failed, taken};
    }
    taken += step->consumed;
    if (step->what == answer_reader::found::payload) {
      out_.append(as_bytes(step->payload));
    } else if (step->what != answer_reader::found::nothing) {
      of_.send_head(*this, head);
    } else if (step->consumed == 0) {
      break;
    }
  }
  if (taken == 0) {
    blocked_ = true;
    return {io_state::blocked, 0};
  }
  of_.has_written(id_);
  return {io_state::moved, taken};
}

std::size_t stream_state::give(std::span<std::uint8_t> to) {
  const std::size_t count = std::min(to.size(), out_.size());
  std::copy_n(as_text(out_.bytes()).begin(), count, to.begin());
  out_.consume(count);
  if (out_.empty()) out_.release();
  if (handle_ != nullptr && out_.size() <= most_out / 2 && std::exchange(blocked_, false)) {
    handle_->tell({.writable = true});
  }
  return count;
}

// The gateway has nothing more to say, and does not listen.
void stream_state::finish() {
  end_said_ = true;
  if (!answer_.complete()) abandon();
}

void stream_state::abandon() {
  reset(read_begun_ ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_REFUSED_STREAM);
}

void stream_state::reset(std::uint32_t code) {
  if (!std::exchange(reset_, true)) of_.reset(id_, code);
}

// The handle goes. What is left of a whole answer is still sent, for as long as the visitor takes
// some of it now and then.
void stream_state::leave() {
  handle_ = nullptr;
  in_.release();
  if (!answer_.complete()) return abandon();
  set_in(of_.how().stalled);
}

void stream_state::expired() {
  if (of_.is_stuck()) {
    of_.lose();
  } else {
    reset(NGHTTP2_CANCEL);
  }
}

void stream_state::close() {
  if (handle_ == nullptr) return;
  stream* const told = std::exchange(handle_, nullptr);
  told->state_ = nullptr;
  told->complete_ = answer_.complete();
  told->tell({.readable = true, .writable = true, .broken = !told->complete_});
}

}  // namespace frpx::http::h2
