#include "http/body.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

#include "http/characters.hpp"

namespace frpx::http {
namespace {

constexpr std::size_t most_digits = 16;
constexpr std::string_view line_end = "\r\n";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::size_t hex_digits(std::size_t value) {
  std::size_t digits = 1;
  while (value >>= 4) ++digits;
  return digits;
}

}  // namespace

void body_decoder::start(framing body) {
  *this = body_decoder();
  remaining_ = body.length;
  switch (body.how) {
    case framing::kind::none:
      break;
    case framing::kind::length:
      state_ = body.length == 0 ? state::done : state::counted;
      break;
    case framing::kind::chunked:
      remaining_ = 0;
      state_ = state::chunk_size;
      break;
    case framing::kind::until_close:
      state_ = state::until_close;
      break;
  }
}

result<body_decoder::step> body_decoder::feed(std::string_view input, std::size_t most) {
  step s;
  while (s.consumed < input.size() && state_ != state::done) {
    if (state_ == state::counted || state_ == state::chunk_data || state_ == state::until_close) {
      std::size_t size = std::min(input.size() - s.consumed, most);
      if (state_ != state::until_close) {
        size = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
        remaining_ -= size;
        if (remaining_ == 0) state_ = state_ == state::counted ? state::done : state::data_cr;
      }
      s.payload = input.substr(s.consumed, size);
      s.consumed += size;
      size_ += size;
      return s;
    }
    if (const error_code e = control(input[s.consumed])) return e;
    ++s.consumed;
  }
  return s;
}

void body_decoder::skip(std::uint64_t size) {
  assert(size <= counted());
  remaining_ -= size;
  size_ += size;
  if (remaining_ == 0) state_ = state::done;
}

error_code body_decoder::control(char c) {
  const auto expect = [this, c](char wanted, state then) -> error_code {
    if (c != wanted) return errc::bad_chunk;
    state_ = then;
    return {};
  };
  switch (state_) {
    case state::chunk_size:
      return size_digit(c);
    case state::extension:
      return extension_byte(c);
    case state::size_lf:
      line_ = digits_ = 0;
      return expect('\n', remaining_ == 0 ? state::trailer : state::chunk_data);
    case state::data_cr:
      return expect('\r', state::data_lf);
    case state::data_lf:
      return expect('\n', state::chunk_size);
    default:
      return trailer_byte(c);
  }
}

error_code body_decoder::size_digit(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    if (++digits_ > most_digits || remaining_ > largest >> 4) return errc::bad_chunk;
    remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
    return {};
  }
  if (digits_ == 0) return errc::bad_chunk;
  if (c == '\r') {
    state_ = state::size_lf;
  } else if (c == ';') {
    state_ = state::extension;
    return extension_byte(c);
  } else {
    return errc::bad_chunk;
  }
  return {};
}

error_code body_decoder::extension_byte(char c) {
  if (c == '\r') {
    state_ = state::size_lf;
    return {};
  }
  if (!characters::is(characters::value, c)) return errc::bad_chunk;
  if (digits_ + ++line_ > longest_chunk_line) return errc::bad_chunk;
  return ++extensions_ > most_extension_bytes ? errc::bad_chunk : error_code();
}

error_code body_decoder::trailer_byte(char c) {
  if (++trailer_ > longest_trailer) return errc::bad_trailer;
  switch (state_) {
    case state::trailer:
      if (c == '\r') {
        state_ = state::last_lf;
        return {};
      }
      if (!characters::is(characters::token, c)) return errc::bad_trailer;
      state_ = state::trailer_name;
      break;
    case state::trailer_name:
      if (c == ':') {
        state_ = state::trailer_value;
      } else if (!characters::is(characters::token, c)) {
        return errc::bad_trailer;
      }
      break;
    case state::trailer_value:
      if (c == '\r') {
        state_ = state::trailer_lf;
      } else if (!characters::is(characters::value, c)) {
        return errc::bad_trailer;
      }
      break;
    default:
      if (c != '\n') return errc::bad_trailer;
      if (state_ == state::last_lf) {
        state_ = state::done;
        return {};
      }
      state_ = state::trailer;
  }
  trailer_lines_ += c;
  return {};
}

error_code body_decoder::end_of_stream() {
  const bool complete = state_ == state::done || state_ == state::until_close;
  state_ = state::done;
  return complete ? error_code() : errc::cut_short;
}

std::size_t chunk_payload_fitting(std::size_t room) {
  constexpr std::size_t least = 1 + 1 + 2 * line_end.size();  // one digit and one byte
  if (room < least) return 0;
  const std::size_t around = hex_digits(room) + 2 * line_end.size();
  return room > around ? room - around : 1;
}

std::size_t write_chunk(std::string_view payload, std::span<char> out) {
  assert(!payload.empty());
  assert(hex_digits(payload.size()) + payload.size() + 2 * line_end.size() <= out.size());
  char* at = std::to_chars(out.data(), out.data() + out.size(), payload.size(), 16).ptr;
  for (const std::string_view part : {line_end, payload, line_end}) {
    std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return static_cast<std::size_t>(at - out.data());
}

}  // namespace frpx::http
