// JSON, written straight into a text.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

namespace frpx {

/// Appends JSON to a string: no tree in between, and a float keeps its own digits (12.3 stays 12.3,
/// where a float that became a double would be 12.300000190734863).
///
///     json_writer json(text);
///     json.begin_object().member("id", id).key("ports").begin_array().value(80).end_array();
///     json.end_object();
///
/// The caller keeps the nesting right. What is not UTF-8 in a text becomes U+FFFD.
class json_writer {
 public:
  explicit json_writer(std::string& into) : into_(into) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& key(std::string_view name);

  json_writer& value(std::string_view text);
  json_writer& value(const char* text) { return value(std::string_view(text)); }
  json_writer& value(const std::string& text) { return value(std::string_view(text)); }
  json_writer& value(bool yes) { return raw(yes ? "true" : "false"); }
  json_writer& value(std::integral auto number) { return digits(number); }
  /// What JSON has no number for (infinity, NaN) becomes null.
  json_writer& value(std::floating_point auto number) {
    return std::isfinite(number) ? digits(number) : null();
  }
  json_writer& null() { return raw("null"); }
  /// A value that is JSON already.
  json_writer& raw(std::string_view json);

  template <class T>
  json_writer& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }

 private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  void separate();
  void quote(std::string_view text);

  template <class T>
  json_writer& digits(T number) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return raw({text, static_cast<std::size_t>(end - text)});
  }

  std::string& into_;
  bool comma_ = false;  // whether the next element stands behind another
};

}  // namespace frpx
