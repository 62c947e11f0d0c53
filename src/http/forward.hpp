// One HTTP exchange passed on, as two state machines without I/O: the shell moves the bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "http/body.hpp"
#include "http/head.hpp"
#include "http/rewrite.hpp"
#include "http/token_scanner.hpp"

namespace frpx::http {

/// What a step did and what the next one needs.
struct progress {
  enum class need : std::uint8_t {
    input,  ///< More bytes behind those that were not consumed.
    room,   ///< A larger or emptier output buffer.
    none,   ///< The message is complete; bytes not consumed belong to what comes after it.
  };
  std::size_t consumed = 0;  ///< Bytes from the front of the input.
  std::size_t produced = 0;  ///< Bytes at the front of the output.
  need next = need::input;
};

/// Passes a body on: decoded, and framed anew as it goes out, with its trailer if it goes out
/// chunked (trailer.hpp). The common part of both directions.
class body_forwarder {
 public:
  /// Another body begins. `chunked_out`: it goes out chunked; else as it is. `reader`, if there is
  /// one, is shown the payload and outlives the body.
  void start(framing body, bool chunked_out, token_scanner* reader = nullptr);

  /// Passes on what it can: consumes only what fits, so that a slow reader stops its source.
  result<progress> forward(std::string_view input, std::span<char> output);

  /// How many bytes at the front of `input` go out as they are, without a copy; they count as
  /// passed on. 0 where chunks are read or written: that is for forward().
  std::size_t pass(std::string_view input);

  /// How many of the next bytes could go out as they are without being seen at all: the rest of a
  /// body of known length that nobody reads along; else 0.
  std::uint64_t unseen() const {
    return complete_ || chunked_out_ || reader_ != nullptr ? 0 : body_.counted();
  }
  /// So many of them, at most unseen(), have been passed on.
  void skip(std::uint64_t size);

  /// No more bytes will come: errc::cut_short unless the body may end so. forward() may have to
  /// write the last chunk yet.
  error_code end_of_stream() { return body_.end_of_stream(); }

  bool complete() const { return complete_; }
  /// All has been read, but for want of room not all produced: forward() needs no further input.
  bool is_ending() const { return !complete_ && body_.done(); }
  bool ends_with_stream() const { return body_.ends_with_stream(); }
  bool is_undecided() const { return body_.is_undecided(); }
  std::uint64_t size() const { return body_.size(); }

 private:
  std::string_view ending();

  body_decoder body_;
  token_scanner* reader_ = nullptr;
  std::string trailer_;       // the body's end, when that is more than the last chunk
  std::size_t end_sent_ = 0;  // of the body's end
  bool chunked_out_ = false;
  bool complete_ = true;
};

/// Passes a request's body from a visitor to a local service.
///
/// The head goes first, by write_request_head(), and may be written again for another client. What
/// forward() produces is the body in its final form: to repeat a request, send the head and those
/// bytes again. Never allocates. Belongs to one connection.
class request_forwarder {
 public:
  /// Another request begins. errc::body_too_large if its head says so already; `limit` in bytes of
  /// payload.
  error_code start(const request_head& head,
                   std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

  /// Passes on what it can. Errors (400 or 413) are final: of that call nothing was produced.
  result<progress> forward(std::string_view input, std::span<char> output);

  /// The request has been read, and produced, to its end.
  bool complete() const { return body_.complete(); }

  /// All has been read, but for want of room not all produced: forward() needs no further input.
  bool is_ending() const { return body_.is_ending(); }

  /// Payload so far, in bytes.
  std::uint64_t body_size() const { return body_.size(); }

 private:
  body_forwarder body_;
  std::uint64_t limit_ = 0;
};

/// Passes a response from a local service to a visitor.
///
/// Interim responses are passed on (not to HTTP/1.0), a body without length becomes chunked (for
/// HTTP/1.0: ends with the connection), and a body that was cut is never made to look complete.
/// Never allocates. Belongs to one connection; one exchange at a time.
class response_forwarder {
 public:
  static constexpr int most_interim = 100;

  explicit response_forwarder(head_limits limits = {}) : scanner_(limits) {}

  /// A response to `request` is to come. `extra` (for instance X-Frpx-Client) must live until the
  /// response is complete. `keep_visitor` false: the visitor is told that its connection closes.
  /// `tokens`, if given, reads along what a model may have answered, and outlives the response.
  /// `withholds`: an answer by which the service says that it does not serve now is not passed on
  /// at once (withheld()).
  void start(const request_head& request, bool keep_visitor, std::span<const field> extra = {},
             token_scanner* tokens = nullptr, bool withholds = false);

  /// Passes on what it can. While the head is not whole nothing of it is consumed: the input buffer
  /// must hold head_limits.head bytes, the output buffer that and 1 KiB more.
  /// `request_complete`: whether all of the request has been passed on; an error that comes before
  /// ends the visitor's connection, so that it need not send the rest.
  /// Errors mean an invalid response from the service: 502 as long as the visitor was given no byte
  /// of the final response, else the visitor is reset. Of a call that fails nothing was produced.
  result<progress> forward(std::string_view input, std::span<char> output, bool request_complete);

  /// The answer is a 503 or 429 of which nothing was passed on: its head stands at the front of the
  /// input still, and forward() does nothing until release().
  bool withheld() const { return withheld_; }
  /// It is passed on after all.
  void release() { withholds_ = withheld_ = false; }
  /// When the service asks to come back (Retry-After, in seconds), where it says so.
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

  /// How many bytes at the front of `input` go to the visitor as they are, without a copy; they
  /// count as passed on. 0 for everything that forward() must look at.
  std::size_t pass(std::string_view input);

  /// How many of the next bytes could go to the visitor without being seen, for instance by splice.
  std::uint64_t unseen() const { return state_ == state::body ? body_.unseen() : 0; }
  /// So many of them, at most unseen(), have been passed on.
  void skip(std::uint64_t size);

  /// The stream has ended cleanly and all its bytes went through forward(). Errors as there;
  /// errc::cut_short if the response needed more. A stream that was reset must not be told here:
  /// its answer is cut, whatever arrived.
  result<progress> end_of_stream(std::span<char> output);

  /// Whether nothing but the end of the stream will end the answer: one that was cut looks alike.
  bool ends_with_stream() const { return state_ == state::body && body_.ends_with_stream(); }

  /// The response has been produced to its end, or has switched protocols.
  bool complete() const { return state_ == state::complete || state_ == state::upgraded; }
  /// It was a 101: from here on both directions are raw bytes.
  bool upgraded() const { return state_ == state::upgraded; }
  /// A final head has been produced: no other answer can be given any more.
  bool answered() const { return state_ != state::head; }
  /// The body has begun, and nothing of its payload has come: as long as the head has not been
  /// given to the visitor, it had better wait until there is no doubt that this is an answer.
  bool is_undecided() const { return state_ == state::body && body_.is_undecided(); }
  /// Anything has been produced, were it an interim response.
  bool given() const { return given_; }
  /// The final status; 0 before it is known.
  int status() const { return status_; }
  /// The visitor's connection may take a further request, if it sent this one to its end.
  bool keep_visitor() const { return keep_visitor_; }
  /// The stream may carry another request, if this one was sent to its end and no byte is left
  /// over.
  bool stream_reusable() const { return state_ == state::complete && reusable_; }
  /// Payload so far, in bytes.
  std::uint64_t body_size() const { return body_.size(); }

 private:
  enum class state : std::uint8_t { head, body, complete, upgraded };

  result<progress> forward_head(std::string_view input, std::span<char> output,
                                bool request_complete);
  result<progress> forward_body(std::string_view input, std::span<char> output);
  token_scanner* reader_of(const response_head& head);
  result<std::size_t> take_interim(const response_head& head, std::span<char> output);
  result<std::size_t> take_final(const response_head& head, std::span<char> output,
                                 bool request_complete);

  head_scanner scanner_;
  body_forwarder body_;
  std::span<const field> extra_;
  token_scanner* tokens_ = nullptr;
  state state_ = state::head;
  int status_ = 0;
  int interim_ = 0;
  bool answers_head_ = false;
  bool visitor_speaks_1_0_ = false;
  bool upgrade_asked_ = false;
  bool keep_visitor_ = false;
  bool reusable_ = false;
  bool given_ = false;
  bool withholds_ = false;
  bool withheld_ = false;
  std::optional<std::chrono::seconds> retry_after_;
};

}  // namespace frpx::http
