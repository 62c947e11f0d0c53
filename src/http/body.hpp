// Bodies of HTTP/1 messages (RFC 9112, 6 and 7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "http/head.hpp"

namespace frpx::http {

/// Finds the payload in the bytes of a body, whatever its framing.
///
/// Strict where readers differ: chunk sizes are hexadecimal digits alone, every line ends with
/// CRLF. Chunk extensions are checked, bounded and dropped; a trailer is checked, bounded and kept.
/// It keeps no other bytes, and allocates for a trailer only.
class body_decoder {
 public:
  static constexpr std::size_t longest_chunk_line = 256;
  static constexpr std::size_t most_extension_bytes = 16 * 1024;  // of all chunks of a body
  static constexpr std::size_t longest_trailer = 8 * 1024;

  struct step {
    std::size_t consumed = 0;  ///< Bytes of the input that are done with.
    std::string_view payload;  ///< A part of the input; may be empty.
  };

  /// A body without bytes: done.
  body_decoder() = default;
  explicit body_decoder(framing body) { start(body); }

  /// Another body begins.
  void start(framing body);

  /// Takes bytes from the front of `input`, up to the end of one run of at most `most` bytes of
  /// payload. Call again with the rest until nothing is consumed. Bytes behind the body are left.
  /// Errors: bad_chunk, bad_trailer; final.
  result<step> feed(std::string_view input,
                    std::size_t most = std::numeric_limits<std::size_t>::max());

  /// How many of the next bytes are payload for certain, and of a body that is its payload.
  std::uint64_t counted() const { return state_ == state::counted ? remaining_ : 0; }
  /// As `feed` with `size` bytes, at most counted() of them, that nobody shows it.
  void skip(std::uint64_t size);

  /// It has begun, and nothing of it is payload yet: what comes next may show that it is no body.
  bool is_undecided() const {
    return size_ == 0 && !done() && !is_plain() && (state_ != state::chunk_size || digits_ != 0);
  }

  /// The body has ended by itself.
  bool done() const { return state_ == state::done; }

  /// The stream has ended, cleanly: an error (cut_short) unless the body may end so. It is done
  /// afterwards.
  error_code end_of_stream();

  /// Payload so far, in bytes.
  std::uint64_t size() const { return size_; }
  /// The lines of the trailer so far, each with its CRLF, without the empty line at the end.
  std::string_view trailer() const { return trailer_lines_; }
  /// Whether the bytes of the body are its payload: it has no chunks.
  bool is_plain() const { return state_ == state::counted || state_ == state::until_close; }
  /// Whether nothing but the end of the stream ends the body.
  bool ends_with_stream() const { return state_ == state::until_close; }

 private:
  enum class state : std::uint8_t {
    done,
    counted,  // remaining_ bytes of payload
    until_close,
    chunk_size,  // within the digits
    extension,   // behind the digits, before CR
    size_lf,     // CR of the size line has come
    chunk_data,
    data_cr,
    data_lf,
    trailer,  // at the start of a line
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
  };

  error_code control(char c);
  error_code size_digit(char c);
  error_code extension_byte(char c);
  error_code trailer_byte(char c);

  state state_ = state::done;
  std::uint64_t remaining_ = 0;
  std::uint64_t size_ = 0;
  std::size_t line_ = 0;        // bytes of the size line so far
  std::size_t digits_ = 0;      // of them, digits
  std::size_t extensions_ = 0;  // bytes of extensions in the whole body
  std::size_t trailer_ = 0;     // bytes of the trailer
  std::string trailer_lines_;
};

/// The end of a chunked body without trailer.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

/// Bytes of payload that fit, with the chunk's size and line ends, into `room` bytes.
std::size_t chunk_payload_fitting(std::size_t room);

/// Writes `payload` as one chunk and gives the number of bytes written. `payload` must not be empty
/// and must fit (chunk_payload_fitting).
std::size_t write_chunk(std::string_view payload, std::span<char> out);

}  // namespace frpx::http
