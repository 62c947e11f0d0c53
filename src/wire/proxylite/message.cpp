#include "wire/proxylite/message.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>
#include <type_traits>

#include "core/bytes.hpp"
#include "core/json_writer.hpp"
#include "wire/errc.hpp"

namespace frpx::wire::proxylite {
namespace {

namespace json = boost::json;

constexpr int deepest_json = 32;

// --- the fields of each struct: said once, for reading and for writing ---
// `f(name, member, longest)` for a text, `f(name, member)` for the rest, `f.ours(name, member)` for
// what is left out when it is empty, so that a public peer gets exactly the public form.

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, free_ports>
{
  f("Ports", of.ports);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, ask_free_ports>
{
  f.ours("Token", of.token);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, ask_services>
{
  f("Prefix", of.prefix, longest_line);
  f.ours("Token", of.token);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, service_info>
{
  f("Port", of.port);
  f("Name", of.name, longest_line);
  f("Message", of.message, longest_remark);
  f("Birth", of.birth);
  f("DeadLine", of.deadline);
  f("Online", of.online);
  f("Capacity", of.capacity);
  f("AlreadyServe", of.already_serve);
  f("TotalServe", of.total_serve);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, services>
{
  f("Services", of.list);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, register_info>
{
  f("OuterPort", of.outer_port);
  f("InnerAddr", of.inner_addr, longest_line);
  f("Name", of.name, longest_line);
  f("Message", of.message, longest_remark);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, control_info>
{
  f("MaxServeTime", of.max_serve_time);
  f("MaxServeConn", of.max_serve_conn);
  f("MaxServeCount", of.max_serve_count);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, register_service>
{
  f("Info", of.info);
  f("Ctrl", of.control);
  f.ours("Token", of.token);
  f.ours("Caps", of.capabilities);
}

template <class F, class T>
void fields_of(F& f, T& of)
  requires std::is_same_v<std::remove_const_t<T>, registered>
{
  f("Code", of.code);
  f.ours("Caps", of.capabilities);
}

template <class F, class T>
void fields_of(F&, T&)
  requires std::is_empty_v<T>
{}

// --- reading ---

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_key(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

template <class T>
error_code take_object(const json::value& from, T& to);

error_code take(const json::value& v, std::string& to, std::size_t longest) {
  const json::string* text = v.if_string();
  if (text == nullptr) return errc::wrong_type;
  if (text->size() > longest) return errc::too_long;
  to.assign(text->data(), text->size());
  return {};
}

error_code take(const json::value& v, secret& to) {
  std::string text;
  const error_code failed = take(v, text, longest_remark);
  to = secret(std::move(text));
  return failed;
}

// Boost reads a number that fits as a signed one.
template <std::integral T>
error_code take(const json::value& v, T& to) {
  const std::int64_t* number = v.if_int64();
  if (number == nullptr || !std::in_range<T>(*number)) return errc::wrong_type;
  to = static_cast<T>(*number);
  return {};
}

error_code take(const json::value& v, wall_time& to) {
  const json::string* text = v.if_string();
  const auto time = text == nullptr ? std::nullopt : parse_rfc3339(*text);
  if (!time) return errc::wrong_type;
  to = *time;
  return {};
}

template <class T>
constexpr std::size_t most_of = 0;
template <>
constexpr std::size_t most_of<std::uint32_t> = most_ports;
template <>
constexpr std::size_t most_of<service_info> = most_services;
template <>
constexpr std::size_t most_of<std::string> = most_capabilities;

template <class T>
error_code take(const json::value& v, std::vector<T>& to) {
  const json::array* list = v.if_array();
  if (list == nullptr) return errc::wrong_type;
  if (list->size() > most_of<T>) return errc::too_many;
  to.assign(list->size(), T());
  for (std::size_t i = 0; i < to.size(); ++i) {
    error_code failed;
    if constexpr (std::is_same_v<T, std::string>) {
      failed = take((*list)[i], to[i], longest_line);
    } else if constexpr (std::is_class_v<T>) {
      failed = take_object((*list)[i], to[i]);
    } else {
      failed = take((*list)[i], to[i]);
    }
    if (failed) return failed;
  }
  return {};
}

template <class T>
  requires std::is_same_v<T, register_info> || std::is_same_v<T, control_info>
error_code take(const json::value& v, T& to) {
  return take_object(v, to);
}

/// Takes fields out of a JSON object; the first error stays.
class field_source {
 public:
  explicit field_source(const json::object& from) : from_(from) {}

  template <class T, class... Bound>
  void operator()(std::string_view name, T& to, Bound... bound) {
    for (const auto& [key, value] : from_) {
      if (value.is_null() || !same_key({key.data(), key.size()}, name)) continue;
      const error_code failed = take(value, to, bound...);
      if (!error_) error_ = failed;
    }
  }
  template <class T>
  void ours(std::string_view name, T& to) {
    (*this)(name, to);
  }
  error_code error() const { return error_; }

 private:
  const json::object& from_;
  error_code error_;
};

template <class T>
error_code take_object(const json::value& from, T& to) {
  if (from.is_null()) return {};
  const json::object* object = from.if_object();
  if (object == nullptr) return errc::not_a_command;
  field_source source(*object);
  fields_of(source, to);
  return source.error();
}

template <class T>
result<message> read(const json::value& from) {
  T what;
  if (const error_code failed = take_object(from, what)) return failed;
  return message(std::move(what));
}

using read_function = result<message> (*)(const json::value&);

read_function reader_of(std::uint32_t type_number) {
  switch (static_cast<type>(type_number)) {
    case type::ask_free_ports:
      return &read<ask_free_ports>;
    case type::free_ports:
      return &read<free_ports>;
    case type::ask_services:
      return &read<ask_services>;
    case type::services:
      return &read<services>;
    case type::register_service:
      return &read<register_service>;
    case type::registered:
      return &read<registered>;
    default:
      return nullptr;
  }
}

// --- writing ---

/// Writes the members of an object that is open.
class field_sink {
 public:
  explicit field_sink(json_writer& to) : to_(to) {}

  template <class T, class... Bound>
  void operator()(std::string_view name, const T& from, Bound...) {
    to_.key(name);
    put(from);
  }
  template <class T>
  void ours(std::string_view name, const T& from) {
    if (!from.empty()) (*this)(name, from);
  }

 private:
  void put(const std::string& text) { to_.value(text); }
  void put(const secret& text) { to_.value(text.reveal()); }
  void put(std::integral auto number) { to_.value(number); }
  void put(wall_time time) { to_.value(to_rfc3339(time)); }

  template <class T>
  void put(const std::vector<T>& list) {
    to_.begin_array();
    for (const T& each : list) put(each);
    to_.end_array();
  }

  template <class T>
    requires std::is_same_v<T, register_info> || std::is_same_v<T, control_info> ||
             std::is_same_v<T, service_info>
  void put(const T& object) {
    to_.begin_object();
    fields_of(*this, object);
    to_.end_object();
  }

  json_writer& to_;
};

type type_of(const message& what) {
  constexpr type types[] = {type::undefined,        type::malformed,    type::ask_free_ports,
                            type::free_ports,       type::ask_services, type::services,
                            type::register_service, type::registered};
  static_assert(std::size(types) == std::variant_size_v<message>);
  return types[what.index()];
}

bool has_payload(const message& what) {
  return what.index() > 1;  // undefined and malformed have none
}

// As many services as fit; a list without end would be no answer.
std::size_t payload_bound(const services& all) {
  constexpr std::size_t around_one = 512;
  std::size_t size = 32;
  std::size_t count = 0;
  for (const service_info& each : all.list) {
    // Every byte of a text may have to be escaped to six.
    size += around_one + 6 * (each.name.size() + each.message.size());
    if (size > longest_answer || count == most_services) break;
    ++count;
  }
  return count;
}

}  // namespace

result<message> parse_message(const raw_message& from) {
  if (from.type == static_cast<std::uint32_t>(type::undefined)) return message(undefined());
  if (from.type == static_cast<std::uint32_t>(type::malformed)) return message(malformed());
  const read_function read_payload = reader_of(from.type);
  if (read_payload == nullptr) return errc::unknown_command;
  json::parse_options options;
  options.max_depth = deepest_json;
  error_code failed;
  const json::value root = json::parse(from.payload, failed, {}, options);
  if (failed) return errc::not_json;
  return read_payload(root);
}

std::string encode(const message& what) {
  if (const auto* all = std::get_if<services>(&what)) {
    if (const std::size_t count = payload_bound(*all); count < all->list.size()) {
      return encode(services{{all->list.begin(), all->list.begin() + std::ptrdiff_t(count)}});
    }
  }
  std::string bytes(header_size, '\0');
  if (has_payload(what)) {
    json_writer writer(bytes);
    field_sink sink(writer);
    writer.begin_object();
    std::visit([&](const auto& one) { fields_of(sink, one); }, what);
    writer.end_object();
  }
  auto* const header = reinterpret_cast<std::byte*>(bytes.data());
  store_little(static_cast<std::uint32_t>(type_of(what)), header);
  store_little(static_cast<std::uint32_t>(bytes.size() - header_size), header + 4);
  return bytes;
}

result<std::optional<raw_message>> message_reader::next() {
  const bytes_view unread = rest();
  if (unread.size() < header_size) return std::nullopt;
  const std::size_t length = load_little<std::uint32_t>(unread.data() + 4);
  if (length > limit_) return errc::frame_too_long;
  if (unread.size() - header_size < length) return std::nullopt;
  take(header_size + length);
  return raw_message{load_little<std::uint32_t>(unread.data()),
                     as_text(unread.subspan(header_size, length))};
}

}  // namespace frpx::wire::proxylite
