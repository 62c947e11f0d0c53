#include "core/json_writer.hpp"

#include "core/utf8.hpp"

namespace frpx {

void json_writer::separate() {
  if (comma_) into_ += ',';
  comma_ = true;
}

json_writer& json_writer::open(char bracket) {
  separate();
  into_ += bracket;
  comma_ = false;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  into_ += bracket;
  comma_ = true;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  quote(name);
  into_ += ':';
  comma_ = false;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

json_writer& json_writer::raw(std::string_view json) {
  separate();
  into_ += json;
  return *this;
}

// RFC 8259, 7 and 8.1: the quotation mark, the backslash and the C0 controls are escaped, nothing
// else; a byte that is not UTF-8 becomes U+FFFD.
void json_writer::quote(std::string_view text) {
  into_ += '"';
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = c < 0x80 ? 1 : utf8_length(text.substr(i));
    if (length != 0 && c >= 0x20 && c != '"' && c != '\\') {
      i += length;
      continue;
    }
    into_ += text.substr(done, i - done);
    done = ++i;
    if (length == 0) {
      into_ += "\xef\xbf\xbd";
    } else if (c >= 0x20) {
      into_ += {'\\', static_cast<char>(c)};
    } else {
      constexpr char hex[] = "0123456789abcdef";
      into_ += {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 0xf]};
    }
  }
  into_ += text.substr(done);
  into_ += '"';
}

}  // namespace frpx
