// By what a conversation is known again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace frpx::http {

/// Hashes the first message of a model's request while the body comes in: the first element of
/// `messages`, or `prompt` or `input`, which may be a text or a list. Later requests of the same
/// conversation begin alike. White space and the way a text is escaped do not count.
///
/// What cannot be parsed has no hash. Reusable; its memory does not grow with the body. Belongs to
/// one connection.
class prompt_hash {
 public:
  static constexpr std::size_t deepest = 256;

  prompt_hash();
  prompt_hash(prompt_hash&&) noexcept;
  prompt_hash& operator=(prompt_hash&&) noexcept;
  ~prompt_hash();

  /// Another body begins.
  void start();
  /// The next bytes of the body.
  void feed(std::string_view bytes);
  /// No further byte can change it: it was found, or never will be.
  bool done() const;
  /// Nothing while it is not known.
  std::optional<std::uint64_t> value() const;

 private:
  struct parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace frpx::http
