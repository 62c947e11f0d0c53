#include "keeper/json_cursor.hpp"

#include <charconv>
#include <cstdint>

namespace frpx::keeper {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::uint32_t hex4(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + 4, value, 16);
  return value;
}

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

char unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

// The bytes that may follow the first one of a UTF-8 sequence, by RFC 3629, 4: how many, and
// between which bounds the second one lies.
struct sequence {
  int more = -1;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
};

sequence sequence_of(unsigned char first) {
  if (first < 0x80) return {0};
  if (first >= 0xc2 && first <= 0xdf) return {1};
  if (first == 0xe0) return {2, 0xa0};
  if (first == 0xed) return {2, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {2};
  if (first == 0xf0) return {3, 0x90};
  if (first >= 0xf1 && first <= 0xf3) return {3};
  if (first == 0xf4) return {3, 0x80, 0x8f};
  return {};
}

}  // namespace

void json_cursor::space() {
  while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
}

char json_cursor::kind() {
  space();
  if (at_ == text_.size()) return 0;
  const char c = text_[at_];
  return is_digit(c) || c == '-' ? '0' : c;
}

bool json_cursor::value(std::string_view* span) {
  const char what = kind();
  const std::size_t start = at_;
  bool good = false;
  switch (what) {
    case '{':
      good = object([this](std::string_view) { return value(); });
      break;
    case '[':
      good = array([this] { return value(); });
      break;
    case '"':
      good = string();
      break;
    case '0':
      good = number();
      break;
    case 't':
      good = literal("true");
      break;
    case 'f':
      good = literal("false");
      break;
    case 'n':
      good = literal("null");
      break;
    default:
      break;
  }
  if (good && span != nullptr) *span = text_.substr(start, at_ - start);
  return good;
}

bool json_cursor::end() {
  space();
  return at_ == text_.size();
}

bool json_cursor::open(char bracket) {
  if (!separator(bracket)) return false;
  return ++depth_ <= deepest;
}

bool json_cursor::closes(char bracket) {
  if (!separator(bracket)) return false;
  --depth_;
  return true;
}

bool json_cursor::separator(char wanted) {
  space();
  if (at_ == text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

bool json_cursor::literal(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool json_cursor::digits() {
  const std::size_t start = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  return at_ != start;
}

bool json_cursor::number() {
  const auto next_is = [this](std::string_view any) {
    return at_ < text_.size() && any.find(text_[at_]) != any.npos;
  };
  if (next_is("-")) ++at_;
  const std::size_t start = at_;
  if (!digits()) return false;
  if (text_[start] == '0' && at_ - start > 1) return false;
  if (next_is(".")) {
    ++at_;
    if (!digits()) return false;
  }
  if (next_is("eE")) {
    ++at_;
    if (next_is("+-")) ++at_;
    if (!digits()) return false;
  }
  return true;
}

bool json_cursor::string() {
  for (++at_; at_ < text_.size();) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (!(c == '\\' ? escape() : rune())) return false;
  }
  return false;
}

bool json_cursor::escape() {
  if (++at_ == text_.size()) return false;
  const char c = text_[at_++];
  if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != text_.npos;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == text_.size() || !is_hex(text_[at_])) return false;
  }
  return true;
}

bool json_cursor::rune() {
  const auto byte = [this] { return static_cast<unsigned char>(text_[at_]); };
  if (byte() < 0x20) return false;
  sequence rest = sequence_of(byte());
  if (rest.more < 0) return false;
  for (++at_; rest.more > 0; --rest.more, ++at_) {
    if (at_ == text_.size() || byte() < rest.low || byte() > rest.high) return false;
    rest.low = 0x80;
    rest.high = 0xbf;
  }
  return true;
}

std::optional<std::string_view> json_cursor::plain(std::string_view raw, std::string& memory) {
  if (raw.find('\\') == raw.npos) return raw.substr(1, raw.size() - 2);
  auto decoded = json_text(raw);
  if (!decoded) return std::string_view();  // no name that anybody looks for
  memory = std::move(*decoded);
  return memory;
}

std::optional<std::string> json_text(std::string_view raw) {
  std::string out;
  raw = raw.substr(1, raw.size() - 2);
  while (!raw.empty()) {
    const auto plain = std::min(raw.find('\\'), raw.size());
    out.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    if (raw[1] != 'u') {
      out += unescaped(raw[1]);
      raw.remove_prefix(2);
      continue;
    }
    std::uint32_t code = hex4(raw.substr(2));
    raw.remove_prefix(6);
    if (code >= 0xd800 && code < 0xe000) {
      const bool paired = code < 0xdc00 && raw.size() >= 6 && raw[0] == '\\' && raw[1] == 'u';
      const std::uint32_t low = paired ? hex4(raw.substr(2)) : 0;
      if (low < 0xdc00 || low > 0xdfff) return std::nullopt;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      raw.remove_prefix(6);
    }
    append_utf8(out, code);
  }
  return out;
}

}  // namespace frpx::keeper
