// A request of HTTP/2, said in HTTP/1.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "http/errc.hpp"

namespace frpx::http::h2 {

/// Collects the fields of one request (RFC 9113, 8.3) and writes the head of HTTP/1.1 that says the
/// same, for the one gateway that judges and forwards both.
///
/// A byte that HTTP/1 would read as the end of a line, of a name or of a target is refused here,
/// and so are fields that HTTP/2 does not have: nothing of a head can become a second one. What has
/// a status in HTTP/1 (a target too long, say) is left to its reader. One per stream.
class request_text {
 public:
  /// A head of more than `most` bytes is refused, and no more of it than that is kept.
  explicit request_text(std::size_t most) : most_(most) {}

  /// The next field as it came; pseudo fields stand before the others. The first error stays.
  void add(std::string_view name, std::string_view value);
  /// The request is refused for `why`, unless there was a reason before.
  void refuse(error_code why);
  /// Fields beyond this size are not worth looking at any more: whoever sends them means harm.
  bool is_flood() const { return size_ > 4 * most_; }

  /// All fields have come: the head. `has_body`: the stream goes on behind it; without a length it
  /// is to be sent chunked. Errors: bad_method, bad_target, bad_host, bad_field_name,
  /// bad_field_value, bad_content_length, connect_refused, head_too_large.
  result<std::string> finish(bool has_body);

  bool is_chunked() const { return chunked_; }  ///< Once finished.
  bool is_head() const { return method_ == "HEAD"; }
  std::string_view method() const { return method_; }  ///< As far as it is known.
  std::string_view target() const { return target_; }

 private:
  void add_pseudo(std::string_view name, std::string_view value);
  void add_regular(std::string_view name, std::string_view value);
  error_code complete() const;

  const std::size_t most_;
  std::size_t size_ = 0;  // of all fields, as RFC 9113, 6.5.2 counts them
  error_code refused_;
  std::string method_;
  std::string target_;
  std::string authority_;
  std::string host_;
  std::string cookies_;
  std::string fields_;  // the others, as lines
  bool has_scheme_ = false;
  bool has_length_ = false;
  bool chunked_ = false;
};

/// A trailer of HTTP/2 as lines of HTTP/1, each with its CRLF: empty for a field that cannot be
/// one.
std::string trailer_line(std::string_view name, std::string_view value);

}  // namespace frpx::http::h2
