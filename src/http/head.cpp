#include "http/head.hpp"

#include <charconv>
#include <cstring>
#include <limits>

#include "http/characters.hpp"

namespace frpx::http {
namespace {

using characters::is;

constexpr std::size_t longest_method = 32;
constexpr std::size_t version_size = 8;             // "HTTP/1.1"
constexpr std::size_t longest_authority = 253 + 6;  // a name of the DNS and a port
constexpr std::size_t around_target = longest_method + version_size + 4;

/// Takes the first line off `head`, without its CRLF.
error_code take_line(std::string_view& head, std::string_view& line) {
  const auto end = head.find('\n');
  if (end == std::string_view::npos || end == 0 || head[end - 1] != '\r') {
    return errc::bare_line_feed;
  }
  line = head.substr(0, end - 1);
  head.remove_prefix(end + 1);
  return line.find('\r') == std::string_view::npos ? error_code() : errc::bare_carriage_return;
}

/// Takes the empty line off the end of `head`; what is left are lines of fields.
error_code take_empty_line(std::string_view& head) {
  if (!head.ends_with("\r\n")) return errc::bare_line_feed;
  head.remove_suffix(2);
  return {};
}

error_code parse_version(std::string_view text, errc malformed, http_version& out) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != version_size || !text.starts_with("HTTP/") || !digit(text[5]) ||
      text[6] != '.' || !digit(text[7])) {
    return malformed;
  }
  if (text[5] != '1' || text[7] > '1') return errc::unknown_version;
  out = text[7] == '0' ? http_version::http_1_0 : http_version::http_1_1;
  return {};
}

// RFC 3986, 3.2.3: it may be empty.
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && text.size() <= 5 &&
         port <= 65535;
}

/// A host name or address, an IPv6 address in brackets, with a port or without. Narrower than
/// RFC 3986: no user, no escapes, no sub-delimiters.
bool is_authority(std::string_view text) {
  if (text.size() > longest_authority) return false;
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    if (text.substr(1, end - 1).find_first_not_of("0123456789abcdefABCDEF:.") !=
        std::string_view::npos) {
      return false;
    }
    ++end;
  } else {
    while (end < text.size() && is(characters::host, text[end])) ++end;
    if (end == 0) return false;
  }
  return end == text.size() || (text[end] == ':' && is_port(text.substr(end + 1)));
}

/// `name:` names the same as `name` (RFC 3986, 6.2.3).
std::string_view without_empty_port(std::string_view authority) {
  if (authority.ends_with(':')) authority.remove_suffix(1);
  return authority;
}

error_code parse_target(request_head& out) {
  if (!characters::all(characters::target, out.target)) return errc::bad_target;
  std::string_view rest = out.target;
  if (rest == "*") {
    if (out.method != "OPTIONS") return errc::bad_target;
  } else if (!rest.starts_with('/')) {
    const auto scheme = rest.find("://");
    if (scheme == std::string_view::npos) return errc::bad_target;
    if (!equals_ignoring_case(rest.substr(0, scheme), "http") &&
        !equals_ignoring_case(rest.substr(0, scheme), "https")) {
      return errc::bad_target;
    }
    rest.remove_prefix(scheme + 3);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    out.authority = rest.substr(0, end);
    if (!is_authority(out.authority)) return errc::bad_target;
    out.authority = without_empty_port(out.authority);
    rest.remove_prefix(end);
  }
  const auto query = std::min(rest.find('?'), rest.size());
  out.path = rest.substr(0, query);
  out.query = rest.substr(query);
  if (out.path.empty()) {
    // An absolute target without a path: RFC 9112, 3.2.4 for OPTIONS.
    out.path = out.method == "OPTIONS" && out.query.empty() ? "*" : "/";
  }
  return {};
}

error_code parse_request_line(std::string_view line, const head_limits& limits, request_head& out) {
  const auto first = line.find(' ');
  if (first == std::string_view::npos) return errc::bad_request_line;
  out.method = line.substr(0, first);
  if (out.method.empty() || out.method.size() > longest_method ||
      !characters::all(characters::token, out.method)) {
    return errc::bad_method;
  }
  const auto last = line.rfind(' ');
  if (last <= first + 1) return errc::bad_request_line;
  out.target = line.substr(first + 1, last - first - 1);
  if (const error_code e =
          parse_version(line.substr(last + 1), errc::bad_request_line, out.version)) {
    return e;
  }
  if (out.target.size() > limits.target) return errc::target_too_long;
  if (out.method == "CONNECT") return errc::connect_refused;
  out.authority = {};
  return parse_target(out);
}

error_code parse_status_line(std::string_view line, response_head& out) {
  if (line.size() < version_size + 4 || line[version_size] != ' ') return errc::bad_status_line;
  if (const error_code e =
          parse_version(line.substr(0, version_size), errc::bad_status_line, out.version)) {
    return e;
  }
  const char* digits = line.data() + version_size + 1;
  const auto [end, error] = std::from_chars(digits, digits + 3, out.status);
  if (error != std::errc() || end != digits + 3 || out.status < 100 || out.status > 599) {
    return errc::bad_status_line;
  }
  out.reason = line.substr(version_size + 4);
  if (!out.reason.empty()) {
    if (out.reason.front() != ' ') return errc::bad_status_line;
    out.reason.remove_prefix(1);
  }
  return characters::all(characters::value, out.reason) ? error_code() : errc::bad_status_line;
}

const char* skip_blanks(const char* at, const char* end) {
  while (at != end && (*at == ' ' || *at == '\t')) ++at;
  return at;
}

error_code name_error(const char* from, const char* at, const char* end) {
  if (from == at && (*at == ' ' || *at == '\t')) return errc::folded_line;
  if (from != at && at != end && (*at == ' ' || *at == '\t')) {
    at = skip_blanks(at, end);
    if (at != end && *at == ':') return errc::space_before_colon;
  }
  return errc::bad_field_name;
}

error_code value_error(const char* at, const char* end) {
  if (at != end && *at == '\n') return errc::bare_line_feed;
  if (at != end && *at == '\r') return errc::bare_carriage_return;
  return errc::bad_field_value;
}

error_code read_connection(std::string_view value, connection_options& out) {
  const bool tokens = for_each_element(value, [&out](std::string_view element) {
    if (equals_ignoring_case(element, "close")) {
      out.close = true;
    } else if (equals_ignoring_case(element, "keep-alive")) {
      out.keep_alive = true;
    } else if (equals_ignoring_case(element, "upgrade")) {
      out.upgrade = true;
    } else {
      out.others = true;
    }
    return characters::all(characters::token, element);
  });
  return tokens ? error_code() : errc::bad_connection;
}

/// What the fields say of framing and connection, for both kinds of head.
struct framing_fields {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  connection_options connection;
};

error_code read_content_length(std::string_view value, std::optional<std::uint64_t>& out) {
  if (out) return errc::repeated_content_length;
  std::uint64_t length = 0;
  const char* end = value.data() + value.size();
  // from_chars for an unsigned type takes digits alone: no sign, no space.
  const auto [stop, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc() || stop != end ||
      length > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return errc::bad_content_length;
  }
  out = length;
  return {};
}

error_code read_framing(const field_table& fields, http_version version, framing_fields& out) {
  for (const field& f : fields) {
    error_code error;
    if (f.id == field_id::content_length) {
      error = read_content_length(f.value, out.content_length);
    } else if (f.id == field_id::transfer_encoding) {
      if (version == http_version::http_1_0) return errc::transfer_encoding_in_1_0;
      if (out.chunked || !equals_ignoring_case(f.value, "chunked")) {
        return errc::bad_transfer_encoding;
      }
      out.chunked = true;
    } else if (f.id == field_id::connection) {
      error = read_connection(f.value, out.connection);
    }
    if (error) return error;
  }
  if (out.chunked && out.content_length) return errc::length_and_chunked;
  return {};
}

error_code read_host(request_head& out) {
  const field* host = nullptr;
  for (const field& f : out.fields) {
    if (f.id != field_id::host) continue;
    if (host != nullptr) return errc::repeated_host;
    host = &f;
  }
  if (host == nullptr) {
    return out.version == http_version::http_1_1 ? errc::missing_host : error_code();
  }
  if (!is_authority(host->value)) return errc::bad_host;
  if (out.authority.empty()) out.authority = without_empty_port(host->value);
  return {};
}

error_code read_expect(request_head& out) {
  out.expects_continue = false;
  if (out.version == http_version::http_1_0) return {};
  for (const field& f : out.fields) {
    if (f.id != field_id::expect) continue;
    if (!equals_ignoring_case(f.value, "100-continue")) return errc::unknown_expectation;
    out.expects_continue = true;
  }
  return {};
}

bool is_websocket_wish(const request_head& head) {
  if (head.method != "GET" || head.version != http_version::http_1_1 || !head.connection.upgrade ||
      head.body.how != framing::kind::none) {
    return false;
  }
  const field* upgrade = head.fields.find(field_id::upgrade);
  return upgrade != nullptr && equals_ignoring_case(upgrade->value, "websocket");
}

}  // namespace

// --- where a head ends ---

result<std::optional<std::size_t>> head_scanner::scan(std::string_view bytes) {
  while (const void* found = std::memchr(bytes.data() + seen_, '\n', bytes.size() - seen_)) {
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == line_ || bytes[at - 1] != '\r') return errc::bare_line_feed;
    const bool empty = at == line_ + 1;
    if (!empty) ++lines_;
    seen_ = line_ = at + 1;
    if (seen_ > limits_.head) return errc::head_too_large;
    if (!empty) continue;
    if (lines_ != 0) return seen_;
    if (at != 1) return errc::bad_request_line;
  }
  seen_ = bytes.size();
  if (lines_ == 0 && seen_ - line_ > limits_.target + around_target) return errc::target_too_long;
  if (seen_ >= limits_.head) return errc::head_too_large;
  return std::nullopt;
}

result<std::optional<std::size_t>> head_scanner::scan_request(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::size_t first = bytes.starts_with("\r\n") ? 2 : 0;
  if (lines_ == 0 && bytes.size() > first) {
    const char c = bytes[first];
    if (!is(characters::token, c) && c != '\r' && c != '\n') return errc::bad_method;
  }
  return scan(bytes);
}

result<std::optional<std::size_t>> head_scanner::scan_response(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.front() != 'H') return errc::bad_status_line;
  return scan(bytes);
}

// --- what a head says ---

error_code parse_fields(std::string_view lines, std::size_t limit, space_before_colon space,
                        field_table& out) {
  out.clear();
  const char* at = lines.data();
  const char* const end = at + lines.size();
  while (at != end) {
    const char* const name = at;
    while (at != end && is(characters::token, *at)) ++at;
    const std::string_view name_text(name, at);
    if (space == space_before_colon::removed && at != name) at = skip_blanks(at, end);
    if (at == name || at == end || *at != ':') return name_error(name, name_text.end(), end);
    const char* const value = skip_blanks(at + 1, end);
    at = characters::skip_value(value, end);
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return value_error(at, end);
    const char* value_end = at;
    while (value_end != value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    if (out.full() || out.size() >= limit) return errc::too_many_fields;
    out.add({name_text, std::string_view(value, value_end), id_of(name_text)});
    at += 2;
  }
  return {};
}

error_code parse_request(std::string_view head, const head_limits& limits, request_head& out) {
  if (head.size() > limits.head) return errc::head_too_large;
  if (head.starts_with("\r\n")) head.remove_prefix(2);
  std::string_view line;
  if (const error_code e = take_line(head, line)) return e;
  if (const error_code e = parse_request_line(line, limits, out)) return e;
  if (const error_code e = take_empty_line(head)) return e;
  if (const error_code e =
          parse_fields(head, limits.fields, space_before_colon::refused, out.fields))
    return e;
  framing_fields said;
  if (const error_code e = read_framing(out.fields, out.version, said)) return e;
  out.connection = said.connection;
  out.body = {};
  if (said.chunked) {
    out.body.how = framing::kind::chunked;
  } else if (said.content_length) {
    out.body = {framing::kind::length, *said.content_length};
  }
  if (const error_code e = read_host(out)) return e;
  if (const error_code e = read_expect(out)) return e;
  out.wants_websocket = is_websocket_wish(out);
  return {};
}

error_code parse_response(std::string_view head, const head_limits& limits, response_head& out) {
  if (head.size() > limits.head) return errc::head_too_large;
  std::string_view line;
  if (const error_code e = take_line(head, line)) return e;
  if (const error_code e = parse_status_line(line, out)) return e;
  if (const error_code e = take_empty_line(head)) return e;
  if (const error_code e =
          parse_fields(head, limits.fields, space_before_colon::removed, out.fields))
    return e;
  framing_fields said;
  if (const error_code e = read_framing(out.fields, out.version, said)) return e;
  out.content_length = said.content_length;
  out.chunked = said.chunked;
  out.connection = said.connection;
  return {};
}

framing response_head::body(bool answers_head) const {
  if (answers_head || status < 200 || status == 204 || status == 304) return {};
  if (chunked) return {framing::kind::chunked, 0};
  if (content_length) return {framing::kind::length, *content_length};
  return {framing::kind::until_close, 0};
}

bool is_host(std::string_view text) {
  return is_authority(text);
}

bool is_listed(const field_table& fields, std::string_view name) {
  for (const field& f : fields) {
    if (f.id != field_id::connection) continue;
    const bool absent = for_each_element(
        f.value, [name](std::string_view element) { return !equals_ignoring_case(element, name); });
    if (!absent) return true;
  }
  return false;
}

}  // namespace frpx::http
