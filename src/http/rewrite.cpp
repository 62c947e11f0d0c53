#include "http/rewrite.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "http/errc.hpp"

namespace frpx::http {
namespace {

/// Appends to a buffer of fixed size and remembers whether everything fitted.
class head_writer {
 public:
  explicit head_writer(std::span<char> out)
      : begin_(out.data()), at_(out.data()), end_(out.data() + out.size()) {}

  void put(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size()) {
      end_ = at_;  // what does not fit ends it: no later part may slip in behind the gap
      fits_ = false;
      return;
    }
    at_ = std::copy(text.begin(), text.end(), at_);
  }

  void line(std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) put(part);
    put("\r\n");
  }

  void number(std::string_view before, std::uint64_t value) {
    std::array<char, 20> digits;
    const char* end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    line({before, std::string_view(digits.data(), end)});
  }

  result<std::size_t> finish() {
    put("\r\n");
    if (!fits_) return errc::no_room;
    return static_cast<std::size_t>(at_ - begin_);
  }

 private:
  char* begin_;
  char* at_;
  char* end_;
  bool fits_ = true;
};

void put_length(head_writer& out, std::uint64_t length) {
  out.number("Content-Length: ", length);
}

void put_framing(head_writer& out, framing body) {
  if (body.how == framing::kind::length) put_length(out, body.length);
  if (body.how == framing::kind::chunked) out.line({"Transfer-Encoding: chunked"});
}

/// Methods by which a request is expected to have a body: it says that it has none (RFC 9110, 8.6).
/// In HTTP/2 the end of the stream says so, and a service may refuse to guess (411).
bool expects_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_among(const field& one, std::span<const field> fields) {
  return std::any_of(fields.begin(), fields.end(), [&one](const field& f) {
    return f.id == one.id && (f.id != field_id::other || equals_ignoring_case(f.name, one.name));
  });
}

/// Fields that belong to one connection (RFC 9110, 7.6.1), and those that are written anew.
bool is_of_the_hop(field_id id) {
  switch (id) {
    case field_id::connection:
    case field_id::content_length:
    case field_id::keep_alive:
    case field_id::proxy_connection:
    case field_id::te:
    case field_id::transfer_encoding:
    case field_id::upgrade:
      return true;
    default:
      return false;
  }
}

bool is_dropped(field_id id, const request_head& head, const request_rules& rules) {
  switch (id) {
    case field_id::api_key:  // whichever of them was used
    case field_id::client_id:
    case field_id::expect:
    case field_id::host:
    case field_id::proxy:  // becomes HTTP_PROXY in a CGI program ("httpoxy")
    case field_id::proxy_authorization:
    case field_id::request_override:  // so that what was judged is what is served
    case field_id::x_forwarded_for:
      return true;
    case field_id::authorization:
      return !rules.keep_authorization;
    case field_id::trailer:
      return head.body.how != framing::kind::chunked;
    case field_id::forwarded:
    case field_id::x_forwarded_host:
    case field_id::x_forwarded_proto:
    case field_id::x_real_ip:
      return !rules.visitor_is_trusted;
    default:
      return is_of_the_hop(id);
  }
}

/// What a service that reads `_` as `-` would take the name for.
field_id disguised_id(std::string_view name) {
  std::array<char, 32> plain;
  if (name.size() > plain.size() || name.find('_') == std::string_view::npos) {
    return field_id::other;
  }
  std::replace_copy(name.begin(), name.end(), plain.begin(), '_', '-');
  return id_of({plain.data(), name.size()});
}

/// A node of RFC 7239, 6: an address, quoted where its characters ask for it.
void put_node(head_writer& out, std::string_view address) {
  const auto colons = std::count(address.begin(), address.end(), ':');
  if (address.find_first_not_of("0123456789abcdefABCDEF.:") != std::string_view::npos) {
    out.put("for=unknown");
  } else if (colons == 0) {
    out.put("for=");
    out.put(address);
  } else {
    const bool has_port = colons == 1;  // an IPv4 address, as some proxies write it
    out.put(has_port ? "for=\"" : "for=\"[");
    out.put(address);
    out.put(has_port ? "\"" : "]\"");
  }
}

/// Forwarded behind what a trusted visitor sent; when that was X-Forwarded-For alone, its addresses
/// go before ours (RFC 7239, 7.4).
void put_rfc7239(head_writer& out, const request_head& head, const request_rules& rules) {
  out.put("Forwarded: ");
  if (rules.visitor_is_trusted && head.fields.find(field_id::forwarded) == nullptr) {
    for (const field& f : head.fields) {
      if (f.id != field_id::x_forwarded_for) continue;
      for_each_element(f.value, [&out](std::string_view address) {
        put_node(out, address);
        out.put(", ");
        return true;
      });
    }
  }
  put_node(out, rules.visitor_address);
  if (!head.authority.empty()) {
    const bool plain = head.authority.find_first_of(":[") == std::string_view::npos;
    out.put(plain ? ";host=" : ";host=\"");
    out.put(head.authority);
    if (!plain) out.put("\"");
  }
  out.line({rules.visitor_uses_tls ? ";proto=https" : ";proto=http"});
}

void put_forwarded(head_writer& out, const request_head& head, const request_rules& rules) {
  if (!rules.visitor_address.empty()) {
    out.put("X-Forwarded-For: ");
    if (rules.visitor_is_trusted) {
      for (const field& f : head.fields) {
        if (f.id != field_id::x_forwarded_for || f.value.empty()) continue;
        out.put(f.value);
        out.put(", ");
      }
    }
    out.line({rules.visitor_address});
  }
  const auto said = [&](field_id id) {
    return rules.visitor_is_trusted && head.fields.find(id) != nullptr;
  };
  if (!said(field_id::x_forwarded_proto)) {
    out.line({"X-Forwarded-Proto: ", rules.visitor_uses_tls ? "https" : "http"});
  }
  if (!said(field_id::x_forwarded_host) && !head.authority.empty()) {
    out.line({"X-Forwarded-Host: ", head.authority});
  }
  if (!rules.visitor_address.empty()) put_rfc7239(out, head, rules);
}

/// A page of the very host that is asked (RFC 6454, 6.2).
bool is_same_site(std::string_view origin, std::string_view authority) {
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos &&
         equals_ignoring_case(origin.substr(scheme + 3), authority);
}

void put_via(head_writer& out, http_version received) {
  out.line({received == http_version::http_1_1 ? "Via: 1.1 frpx" : "Via: 1.0 frpx"});
}

/// The wish for a WebSocket, or for trailers: what this hop is asked.
void put_connection(head_writer& out, const request_head& head, const request_rules& rules) {
  if (head.wants_websocket && rules.keep_upgrade) {
    out.line({"Connection: Upgrade\r\nUpgrade: websocket"});
    return;
  }
  const field* te = head.fields.find(field_id::te);
  const auto is_other = [](std::string_view element) {
    return !equals_ignoring_case(element, "trailers");
  };
  if (te != nullptr && !for_each_element(te->value, is_other)) {
    out.line({"Connection: TE\r\nTE: trailers"});
  }
}

void put_extra(head_writer& out, std::span<const field> extra) {
  for (const field& f : extra) out.line({f.name, ": ", f.value});
}

void put_status_line(head_writer& out, const response_head& head) {
  const std::array<char, 3> digits{static_cast<char>('0' + head.status / 100),
                                   static_cast<char>('0' + head.status / 10 % 10),
                                   static_cast<char>('0' + head.status % 10)};
  out.line({"HTTP/1.1 ", std::string_view(digits.data(), digits.size()), " ", head.reason});
}

void put_response_fields(head_writer& out, const response_head& head, bool chunked,
                         std::span<const field> extra) {
  for (const field& f : head.fields) {
    if (is_of_the_hop(f.id) || is_among(f, extra)) continue;
    if (f.id == field_id::trailer && !chunked) continue;
    if (head.connection.others && is_listed(head.fields, f.name)) continue;
    out.line({f.name, ": ", f.value});
  }
}

}  // namespace

result<std::size_t> write_request_head(const request_head& head, const request_rules& rules,
                                       std::span<char> out) {
  head_writer writer(out);
  writer.line({head.method, " ", head.path, head.query, " HTTP/1.1"});
  writer.line({"Host: ", rules.host.empty() ? head.authority : rules.host});
  for (const field& f : head.fields) {
    if (is_dropped(f.id, head, rules) || is_among(f, rules.extra)) continue;
    if (f.id == field_id::other && disguised_id(f.name) != field_id::other) continue;
    if (head.connection.others && is_listed(head.fields, f.name)) continue;
    // The first alone: so the head grows by no more than the host.
    if (f.id == field_id::origin && !rules.host.empty() &&
        &f == head.fields.find(field_id::origin) && is_same_site(f.value, head.authority)) {
      writer.line({f.name, ": http://", rules.host});
      continue;
    }
    writer.line({f.name, ": ", f.value});
  }
  put_forwarded(writer, head, rules);
  if (rules.visitor_uses_h2) {
    writer.line({"Via: 2.0 frpx"});
  } else {
    put_via(writer, head.version);
  }
  if (head.body.how == framing::kind::none && expects_length(head.method)) {
    put_length(writer, 0);
  } else {
    put_framing(writer, head.body);
  }
  if (head.expects_continue && head.body.how != framing::kind::none) {
    writer.line({"Expect: 100-continue"});
  }
  put_connection(writer, head, rules);
  put_extra(writer, rules.extra);
  return writer.finish();
}

result<std::size_t> write_response_head(const response_head& head, const response_rules& rules,
                                        std::span<char> out) {
  head_writer writer(out);
  put_status_line(writer, head);
  const bool chunked = !rules.head_only && rules.body.how == framing::kind::chunked;
  put_response_fields(writer, head, chunked, rules.extra);
  if (rules.head_only) {
    if (head.content_length) put_length(writer, *head.content_length);
  } else {
    put_framing(writer, rules.body);
  }
  if (!rules.keep_alive) {
    writer.line({"Connection: close"});
  } else if (rules.visitor_speaks_1_0) {
    writer.line({"Connection: keep-alive"});
  }
  put_via(writer, head.version);
  put_extra(writer, rules.extra);
  return writer.finish();
}

result<std::size_t> write_interim_head(const response_head& head, std::span<char> out) {
  head_writer writer(out);
  put_status_line(writer, head);
  put_response_fields(writer, head, false, {});
  if (head.status == 101) {
    const field* upgrade = head.fields.find(field_id::upgrade);
    writer.line({"Connection: Upgrade"});
    if (upgrade != nullptr) writer.line({"Upgrade: ", upgrade->value});
  }
  return writer.finish();
}

}  // namespace frpx::http
