// One request of HTTP/2 as a stream of bytes in HTTP/1.1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/h2/answer_reader.hpp"
#include "http/h2/request_text.hpp"
#include "net/buffer.hpp"
#include "net/stream.hpp"
#include "net/timers.hpp"

namespace frpx::http::h2 {

class session;
class stream_state;

/// What the gateway holds of a stream of HTTP/2: whoever serves it reads one request of HTTP/1.1,
/// then the end, and writes its answer. Half an answer becomes a reset, as everywhere, and a
/// request of which nothing was read may be sent again; a reset by the visitor breaks the stream.
/// It may outlive its session, and is broken then.
class stream final : public net::stream {
 public:
  ~stream() override;

  net::read_outcome read(bytes_span scratch) override;
  net::write_outcome write(bytes_view bytes) override;
  void finish() override;
  void reset() noexcept override;
  error_code error() const override;

 private:
  friend class session;
  friend class stream_state;
  explicit stream(stream_state& of) : state_(&of) {}
  void tell(readiness what) {
    if (watching() != nullptr) watching()->on_ready(what);
  }

  stream_state* state_;    // null once the stream is closed
  bool complete_ = false;  // its answer was, then
};

/// What a session knows of a stream, until the visitor has all of its answer: bytes of both
/// directions that wait, each within a bound. The visitor's window bounds what comes in, and opens
/// as that is read; `most_out` what goes out. Belongs to its session.
class stream_state final : private net::deadline {
 public:
  static constexpr std::size_t most_out = net::buffer_pool::block_size;

  stream_state(session& of, std::int32_t id);
  ~stream_state();

  // What the visitor sent.
  void take_field(bool of_trailer, std::string_view name, std::string_view value);
  void refuse(error_code why) { request_.refuse(why); }
  bool is_flood() const { return request_.is_flood(); }
  /// The request's fields are whole. Null when it is refused; then it has been answered.
  std::unique_ptr<stream> begin(bool has_body);
  void take_payload(bytes_view bytes);
  void take_end();

  /// Writes what waits for the visitor to `to`, and gives its size; 0: nothing now.
  std::size_t give(std::span<std::uint8_t> to);
  bool has_given_all() const { return answer_.complete() && out_.empty(); }
  std::string_view trailer() const { return answer_.trailer(); }
  bool is_answered() const { return answer_.complete(); }
  bool is_answering() const { return answer_.has_head(); }
  std::int32_t id() const { return id_; }
  /// Nothing will come or go any more.
  void close();

 private:
  friend class stream;

  net::read_outcome read(bytes_span scratch);
  net::write_outcome write(bytes_view bytes);
  void finish();
  void abandon();
  void reset(std::uint32_t code);
  void leave();
  void next_text();
  void expired() override;

  session& of_;
  const std::int32_t id_;
  stream* handle_ = nullptr;

  request_text request_;
  std::string text_;  // HTTP/1 that is to be read before more of in_: head, chunk's frame, ending
  std::size_t text_read_ = 0;
  net::buffer in_;
  std::size_t run_left_ = 0;  // of in_, that stand behind the text read last
  std::string trailer_;
  std::size_t fields_of_trailer_ = 0;  // their size
  bool in_run_ = false;
  bool read_begun_ = false;  // else nobody can have seen the request
  bool in_ended_ = false;
  bool end_said_ = false;

  answer_reader answer_;
  net::buffer out_;
  bool blocked_ = false;  // a write found no room
  bool reset_ = false;
};

}  // namespace frpx::http::h2
