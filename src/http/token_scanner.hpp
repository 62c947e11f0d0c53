// The tokens that a model's answer says it took.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace frpx::http {

/// What a service reported; 0 where it did not.
struct token_count {
  std::uint64_t prompt = 0;
  std::uint64_t completion = 0;

  bool operator==(const token_count&) const = default;
};

/// Reads along a model's answer and picks up the tokens that it reports: the member `usage` of
/// OpenAI's answers (of its responses API within `response`, too), `prompt_eval_count` and
/// `eval_count` of Ollama's. What is said last counts, for streams repeat or postpone it.
///
/// It takes an answer however it is split, holds a few bytes of it, and allocates nothing. It is no
/// judge: what is no JSON, or is compressed, counts no tokens. One answer at a time.
class token_scanner {
 public:
  /// A larger number is taken for this one, so that nobody spoils the sums.
  static constexpr std::uint64_t most = 1'000'000'000;

  /// How an answer is made up: one JSON document, one in each line, or server-sent events.
  enum class form : std::uint8_t { document, lines, events };
  /// The form that a Content-Type names; nothing if it is none of them.
  static std::optional<form> form_of(std::string_view content_type);

  /// Another answer begins.
  void start(form of);
  /// The next bytes of its payload.
  void feed(std::string_view bytes);

  const token_count& found() const { return found_; }

 private:
  // What an object is, as far as it matters.
  enum class place : std::uint8_t { other, answer, nested, usage };
  // What a member is, as far as it matters.
  enum class member : std::uint8_t { other, response, usage, prompt, completion };
  enum class reading : std::uint8_t { between, key, key_escape, text, text_escape, number };

  static constexpr std::size_t deepest = 3;  // answer, response, usage
  static constexpr std::size_t longest_key = 20;

  void end_line();
  bool is_data(char c);
  void take(char c);
  void take_between(char c);
  void take_digit(char c);
  void open(bool object);
  void close();
  void end_key();
  place here() const { return depth_ <= deepest ? places_[depth_] : place::other; }
  static member member_of(place in, std::string_view key);

  form form_ = form::document;
  std::size_t prefix_ = 0;  // bytes of an event's `data:` seen in this line
  reading now_ = reading::between;
  std::uint64_t depth_ = 0;
  std::array<place, deepest + 1> places_{};
  bool expects_key_ = false;
  member member_ = member::other;  // whose value comes next
  std::array<char, longest_key> key_{};
  std::size_t key_size_ = 0;  // more than longest_key: it was too long
  std::uint64_t number_ = 0;
  token_count found_;
};

}  // namespace frpx::http
