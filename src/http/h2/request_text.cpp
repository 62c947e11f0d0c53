#include "http/h2/request_text.hpp"

#include <algorithm>

#include "http/characters.hpp"
#include "http/field.hpp"

namespace frpx::http::h2 {
namespace {

constexpr std::size_t around_field = 32;  // RFC 9113, 6.5.2

bool is_lower_token(std::string_view name) {
  return !name.empty() && characters::all(characters::token, name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_value(std::string_view value) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return characters::all(characters::value, value) &&
         (value.empty() || (!blank(value.front()) && !blank(value.back())));
}

/// Fields of a connection of HTTP/1, which a request of HTTP/2 must not have (RFC 9113, 8.2.2).
bool is_of_a_connection(field_id id, std::string_view value) {
  switch (id) {
    case field_id::connection:
    case field_id::keep_alive:
    case field_id::proxy_connection:
    case field_id::transfer_encoding:
    case field_id::upgrade:
      return true;
    case field_id::te:
      return value != "trailers";
    default:
      return false;
  }
}

void append_line(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void request_text::refuse(error_code why) {
  if (!refused_) refused_ = why;
}

void request_text::add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + around_field;
  if (size_ > most_) return refuse(errc::head_too_large);
  if (refused_) return;
  if (name.starts_with(':')) {
    add_pseudo(name, value);
  } else {
    add_regular(name, value);
  }
}

void request_text::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    if (!method_.empty() || value.empty() || !characters::all(characters::token, value)) {
      return refuse(errc::bad_method);
    }
    method_ = value;
  } else if (name == ":path") {
    // An absolute target would name a second authority.
    const bool valid = value == "*" || value.starts_with('/');
    if (!target_.empty() || !valid || !characters::all(characters::target, value)) {
      return refuse(errc::bad_target);
    }
    target_ = value;
  } else if (name == ":authority") {
    if (!authority_.empty() || !characters::all(characters::target, value)) {
      return refuse(errc::bad_host);
    }
    authority_ = value;
  } else if (name == ":scheme") {
    if (has_scheme_ || (value != "http" && value != "https")) return refuse(errc::bad_target);
    has_scheme_ = true;
  } else {
    refuse(errc::bad_field_name);
  }
}

void request_text::add_regular(std::string_view name, std::string_view value) {
  const field_id id = id_of(name);
  if (!is_lower_token(name) || is_of_a_connection(id, value)) return refuse(errc::bad_field_name);
  if (!is_value(value)) return refuse(errc::bad_field_value);
  switch (id) {
    case field_id::host:
      if (!host_.empty() || !characters::all(characters::target, value)) {
        return refuse(errc::bad_host);
      }
      host_ = value;
      break;
    case field_id::cookie:  // may come in pieces (RFC 9113, 8.2.3)
      cookies_.append(cookies_.empty() ? "" : "; ").append(value);
      break;
    case field_id::content_length:
      if (has_length_) return refuse(errc::repeated_content_length);
      has_length_ = true;
      [[fallthrough]];
    default:
      append_line(fields_, name, value);
  }
}

// Why the fields together are no request that can be forwarded.
error_code request_text::complete() const {
  if (refused_) return refused_;
  if (method_.empty()) return errc::bad_method;
  if (method_ == "CONNECT") return errc::connect_refused;
  if (target_.empty() || !has_scheme_) return errc::bad_target;
  const bool differ = !authority_.empty() && !host_.empty() && authority_ != host_;
  return differ ? errc::bad_host : error_code();
}

result<std::string> request_text::finish(bool has_body) {
  if (const error_code why = complete()) return why;
  const std::string& host = authority_.empty() ? host_ : authority_;
  chunked_ = has_body && !has_length_;
  std::string head;
  head.reserve(method_.size() + target_.size() + host.size() + fields_.size() + cookies_.size() +
               128);
  head.append(method_).append(" ").append(target_).append(" HTTP/1.1\r\n");
  if (!host.empty()) append_line(head, "Host", host);
  head.append(fields_);
  if (!cookies_.empty()) append_line(head, "Cookie", cookies_);
  if (chunked_) append_line(head, "Transfer-Encoding", "chunked");
  head.append("\r\n");
  std::string().swap(fields_);  // the stream may live for long yet
  std::string().swap(cookies_);
  return head;
}

std::string trailer_line(std::string_view name, std::string_view value) {
  std::string line;
  if (is_lower_token(name) && is_value(value)) append_line(line, name, value);
  return line;
}

}  // namespace frpx::http::h2
