// An answer of HTTP/1.1, read by who says it in HTTP/2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "http/body.hpp"
#include "http/head.hpp"

namespace frpx::http::h2 {

/// Takes the bytes that the gateway writes for a visitor of HTTP/1.1 apart, in whatever pieces they
/// come. Keeps a head that is not whole yet and the trailer, nothing else. One per stream.
class answer_reader {
 public:
  enum class found : std::uint8_t { nothing, interim, final, payload };
  struct step {
    std::size_t consumed = 0;  ///< Bytes from the front of the input.
    found what = found::nothing;
    std::string_view payload;  ///< A part of the input.
  };

  explicit answer_reader(head_limits limits = {}) : scanner_(limits) {}
  void answers_head(bool yes) { answers_head_ = yes; }

  /// Reads up to one head, or at most `most` bytes of payload; `most` is not 0. `head` is set when
  /// one was found; its views are of `input`, or of memory that lasts until the next call. Errors
  /// are faults of whoever writes: no such bytes are an answer.
  result<step> feed(std::string_view input, std::size_t most, response_head& head);

  /// The final head has been found.
  bool has_head() const { return has_head_; }
  /// The answer is whole.
  bool complete() const { return has_head_ && body_.done(); }
  /// The lines of the trailer, once complete.
  std::string_view trailer() const { return body_.trailer(); }

 private:
  result<step> feed_head(std::string_view input, response_head& head);

  head_scanner scanner_;
  std::string partial_;  // a head that is not whole yet
  body_decoder body_;
  bool has_head_ = false;
  bool answers_head_ = false;
  bool partial_is_used_ = false;
};

/// The fields of a head or a trailer in the form of HTTP/2: names in lower case, those of the
/// connection left out. Used for one message after another; its views last until the next.
class field_list {
 public:
  struct entry {
    std::string_view name;
    std::string_view value;
  };

  /// `:status` and the fields of `head`, which the values are views of.
  void take(const response_head& head);
  /// The fields that stand in these lines, each checked and with its CRLF.
  void take_trailer(std::string_view lines);

  const std::vector<entry>& entries() const { return entries_; }

 private:
  void begin(std::size_t names);
  void add(std::string_view name, std::string_view value);

  std::string names_;
  std::vector<entry> entries_;
};

}  // namespace frpx::http::h2
