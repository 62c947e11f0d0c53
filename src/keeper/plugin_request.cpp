#include "keeper/plugin_request.hpp"

#include <charconv>

#include "core/names.hpp"
#include "keeper/json_cursor.hpp"

namespace frpx::keeper {
namespace {

constexpr std::uint32_t unmeetable_port = 65536;

// Passes over a value that may stand there once only: two readers may disagree on which one counts.
bool once(json_cursor& at, std::string_view& span) {
  return span.empty() && at.value(&span);
}

bool is_string(std::string_view raw) {
  return raw.starts_with('"');
}

// A string that may be kept: plain, or empty where it may be.
bool take_text(std::string_view raw, bool may_be_empty, std::string& into) {
  if (!is_string(raw)) return false;
  auto text = json_text(raw);
  if (!text || (text->empty() ? !may_be_empty : !is_plain_text(*text))) return false;
  into = std::move(*text);
  return true;
}

// Missing and `null` are the empty text.
bool take_optional_text(std::string_view raw, std::string& into) {
  return raw.empty() || raw == "null" || take_text(raw, true, into);
}

struct user_info {
  std::string_view user;
  std::string_view run_id;
};

bool read_user(std::string_view raw, user_info& into) {
  json_cursor at(raw);
  return at.object([&](std::string_view name) {
    if (name == "user") return once(at, into.user);
    if (name == "run_id") return once(at, into.run_id);
    return at.value();
  });
}

struct raw_proxy {
  std::string_view user;
  std::string_view name;
  std::string_view kind;
  std::string_view group;
};

bool read_members(std::string_view content, raw_proxy& proxy, registration& into) {
  json_cursor at(content);
  const auto member = [&](std::string_view name) {
    if (name == "user") return once(at, proxy.user);
    if (name == "proxy_name") return once(at, proxy.name);
    if (name == "proxy_type") return once(at, proxy.kind);
    if (name == "group") return once(at, proxy.group);
    if (name == "remote_port") return once(at, into.remote_port);
    return at.value();
  };
  return at.object([&](std::string_view name) {
    const bool good = member(name);
    into.behind_last = at.place();
    return good;
  });
}

std::uint32_t port_in(std::string_view raw) {
  if (raw.empty() || raw == "null" || raw == "0") return 0;
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(raw.data(), raw.data() + raw.size(), port);
  return failed == std::errc() && end == raw.data() + raw.size() ? port : unmeetable_port;
}

// A user that is missing or empty is found last, so that it is told only when all else is well.
bool read_who(const raw_proxy& proxy, ports::wish& into, bool& has_user) {
  user_info info;
  if (!proxy.user.empty() && !read_user(proxy.user, info)) return false;
  if (!take_optional_text(info.user, into.user)) return false;
  has_user = !into.user.empty();
  if (is_string(info.run_id)) (void)take_text(info.run_id, true, into.run_id);
  return true;
}

}  // namespace

std::optional<plugin_request> read_plugin_request(std::string_view body) {
  plugin_request read;
  std::string_view op;
  json_cursor at(body);
  const bool good = at.object([&](std::string_view name) {
    if (name == "op") return once(at, op);
    if (name == "content") return once(at, read.content);
    return at.value();
  }) && at.end();
  if (!good || !take_optional_text(op, read.op)) return std::nullopt;
  return read;
}

std::optional<registration> read_new_proxy(std::string_view content, bool allow_no_user,
                                           bool* lacks_user) {
  registration read;
  read.content = content;
  raw_proxy proxy;
  if (lacks_user != nullptr) *lacks_user = false;
  std::string kind;
  bool has_user = false;
  const bool good =
      read_members(content, proxy, read) && take_text(proxy.name, false, read.asked.proxy) &&
      take_text(proxy.kind, false, kind) && take_optional_text(proxy.group, read.asked.group) &&
      read_who(proxy, read.asked, has_user);
  if (!good) return std::nullopt;
  if (!has_user && !allow_no_user) {
    if (lacks_user != nullptr) *lacks_user = true;
    return std::nullopt;
  }
  const auto over = ports::parse_transport(kind);
  read.has_port = over.has_value();
  read.asked.over = over.value_or(ports::transport::tcp);
  read.asked.port = port_in(read.remote_port);
  return read;
}

std::string with_remote_port(const registration& of, std::uint16_t port) {
  const std::string digits = std::to_string(port);
  const bool replaces = !of.remote_port.empty();
  const auto start = replaces ? static_cast<std::size_t>(of.remote_port.data() - of.content.data())
                              : of.behind_last;
  std::string out;
  out.reserve(of.content.size() + 32);
  out.append(of.content.substr(0, start));
  if (!replaces) out += ",\"remote_port\":";
  out.append(digits).append(of.content.substr(start + of.remote_port.size()));
  return out;
}

sign_of_life read_sign_of_life(std::string_view content) {
  sign_of_life read;
  registration places;
  raw_proxy proxy;
  user_info info;
  if (!read_members(content, proxy, places)) return read;
  if (read_user(proxy.user, info)) (void)take_text(info.run_id, true, read.run_id);
  (void)take_text(proxy.name, false, read.proxy);
  return read;
}

}  // namespace frpx::keeper
