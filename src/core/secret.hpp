// A text that must not be printed.
#pragma once

#include <string>
#include <string_view>

namespace frpx {

/// Holds a password, a token or a key. No formatter and no stream prints it, comparing two takes
/// the same time wherever they differ, and its memory is wiped when it goes.
class secret {
 public:
  secret() = default;
  explicit secret(std::string text) : text_(std::move(text)) {}
  secret(const secret&) = default;
  secret(secret&&) noexcept = default;
  secret& operator=(const secret&) = default;
  secret& operator=(secret&&) noexcept = default;
  ~secret();

  /// The text itself, for the one place that needs it. Never hand it to a log.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const secret& left, const secret& right);

 private:
  std::string text_;
};

/// Compares without telling by its duration where two texts of one length differ.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace frpx
