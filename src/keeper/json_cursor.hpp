// JSON (RFC 8259), walked through in place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace frpx::keeper {

/// Reads a JSON text strictly and in order, and tells where each value stands, so that one can be
/// replaced while the others stay as they are, byte for byte. Nothing is converted: a number is the
/// digits that stand there. Every function returns false at the first byte that is not JSON; from
/// then on the cursor is of no use.
///
///     json_cursor at(text);
///     bool good = at.object([&](std::string_view name) {
///       if (name == "port") return at.value(&port);
///       return at.value();
///     }) && at.end();
///
/// Allocates only for names with escapes. One thread.
class json_cursor {
 public:
  static constexpr int deepest = 128;  ///< Values within values; beyond it the text is refused.

  explicit json_cursor(std::string_view text) : text_(text) {}

  /// The kind of the value that comes, by its first byte: `{ [ " t f n`, `0` for a number, or 0.
  char kind();
  /// Passes over one value; `span`, if given, gets the bytes it stands in.
  bool value(std::string_view* span = nullptr);
  /// Passes over one object. `member(name)` is called for each of its members, stands before its
  /// value, must pass over it, and returns whether all is well.
  template <class F>
  bool object(F member) {
    if (!open('{')) return false;
    if (closes('}')) return true;
    do {
      std::string_view raw;
      std::string decoded;
      if (kind() != '"' || !value(&raw) || !separator(':')) return false;
      const auto name = plain(raw, decoded);
      if (!name || !member(*name)) return false;
    } while (separator(','));
    return closes('}');
  }
  /// Passes over one array; `element()` as for objects.
  template <class F>
  bool array(F element) {
    if (!open('[')) return false;
    if (closes(']')) return true;
    do {
      if (!element()) return false;
    } while (separator(','));
    return closes(']');
  }
  /// Whether only white space is left.
  bool end();

  /// How many bytes were passed over.
  std::size_t place() const { return at_; }

 private:
  bool open(char bracket);
  bool closes(char bracket);
  bool separator(char wanted);
  void space();
  bool literal(std::string_view word);
  bool number();
  bool string();
  bool escape();
  bool rune();
  bool digits();
  static std::optional<std::string_view> plain(std::string_view raw, std::string& memory);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

/// The text that a JSON string (with its quotes, as json_cursor gave it) means, in UTF-8. Nothing
/// when it holds half of a surrogate pair.
std::optional<std::string> json_text(std::string_view raw);

}  // namespace frpx::keeper
