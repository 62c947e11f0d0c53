#include "wire/frpx_command.hpp"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <limits>
#include <type_traits>

#include "wire/errc.hpp"
#include "wire/frame.hpp"

namespace frpx::wire {
namespace {

namespace json = boost::json;

template <class T>
using tag = std::type_identity<T>;

// --- what each command is called, and its fields: said once, for reading and for writing ---

constexpr std::string_view name_on_wire(tag<login>) {
  return "Login";
}
constexpr std::string_view name_on_wire(tag<login_by_token>) {
  return "LoginByToken";
}
constexpr std::string_view name_on_wire(tag<login_result>) {
  return "LoginResult";
}
constexpr std::string_view name_on_wire(tag<register_client>) {
  return "Register";
}
constexpr std::string_view name_on_wire(tag<register_result>) {
  return "RegisterResult";
}
constexpr std::string_view name_on_wire(tag<request_new_proxy_conn>) {
  return "RequestNewProxyConn";
}
constexpr std::string_view name_on_wire(tag<new_proxy_conn>) {
  return "NewProxyConn";
}
constexpr std::string_view name_on_wire(tag<heartbeat>) {
  return "Heartbeat";
}
constexpr std::string_view name_on_wire(tag<system_info>) {
  return "SystemInfo";
}
constexpr std::string_view name_on_wire(tag<open_links>) {
  return "OpenLinks";
}
constexpr std::string_view name_on_wire(tag<new_link>) {
  return "NewLink";
}
constexpr std::string_view name_on_wire(tag<link_failed>) {
  return "LinkFailed";
}
constexpr std::string_view name_on_wire(tag<drain>) {
  return "Drain";
}
constexpr std::string_view name_on_wire(tag<heartbeat_ack>) {
  return "HeartbeatAck";
}

// `f(name, member)` for a field that must be there, `f.maybe(name, member)` for one that need not.

template <class F, class C>
void fields_of(tag<login>, F& f, C& c) {
  f("email", c.email);
  f("pass", c.pass);
  f.maybe("caps", c.caps);
  f.maybe("instance", c.instance);
}

template <class F, class C>
void fields_of(tag<login_by_token>, F& f, C& c) {
  f("token", c.token);
  f.maybe("caps", c.caps);
  f.maybe("instance", c.instance);
}

template <class F, class C>
void fields_of(tag<login_result>, F& f, C& c) {
  f("success", c.success);
  f.nullable("error", c.error);
  f.nullable("token", c.token);
  f.maybe("caps", c.caps);
}

template <class F, class C>
void fields_of(tag<register_client>, F& f, C& c) {
  f("client_id", c.client_id);
}

template <class F, class C>
void fields_of(tag<register_result>, F& f, C& c) {
  f("success", c.success);
  f.nullable("error", c.error);
}

template <class F, class C>
void fields_of(tag<request_new_proxy_conn>, F& f, C& c) {
  f("proxy_conn_id", c.proxy_conn_id);
}

template <class F, class C>
void fields_of(tag<new_proxy_conn>, F& f, C& c) {
  f("proxy_conn_id", c.proxy_conn_id);
}

template <class F, class C>
void fields_of(tag<heartbeat>, F& f, C& c) {
  f.nullable("models", c.models);
}

template <class F, class C>
void fields_of(tag<model>, F& f, C& c) {
  f("id", c.id);
  f.nullable("object", c.object);
  f.nullable("created", c.created);
  f.nullable("owned_by", c.owned_by);
}

template <class F, class C>
void fields_of(tag<system_info>, F& f, C& c) {
  f.nullable("cpu_usage", c.cpu_usage);  // serde writes NaN as null
  f.nullable("memory_usage", c.memory_usage);
  f.nullable("disk_usage", c.disk_usage);
  f.nullable("computer_name", c.computer_name);
}

template <class F, class C>
void fields_of(tag<open_links>, F& f, C& c) {
  f("ids", c.ids);
}

template <class F, class C>
void fields_of(tag<new_link>, F& f, C& c) {
  f("link_id", c.link_id);
  f("streams", c.streams);
  f("early", c.early);
  f.maybe("associations", c.associations);
}

template <class F, class C>
void fields_of(tag<link_failed>, F& f, C& c) {
  f("link_id", c.link_id);
  f("error", c.error);
}

template <class F, class C>
void fields_of(tag<drain>, F&, C&) {}

template <class F, class C>
void fields_of(tag<heartbeat_ack>, F&, C&) {}

// --- reading ---

template <class T>
constexpr std::size_t most_of = 0;
template <>
constexpr std::size_t most_of<std::string> = most_caps;
template <>
constexpr std::size_t most_of<uuid> = most_link_ids;
template <>
constexpr std::size_t most_of<model> = most_models;

/// Takes fields out of a JSON object; the first error stays.
class field_source {
 public:
  explicit field_source(const json::object& from) : from_(from) {}

  template <class T>
  void operator()(std::string_view name, T& to) {
    if (const json::value* v = present(name)) {
      note(take(*v, to));
    } else {
      note(errc::missing_field);
    }
  }

  template <class T>
  void maybe(std::string_view name, T& to) {
    if (const json::value* v = present(name)) note(take(*v, to));
  }

  template <class T>
  void nullable(std::string_view name, T& to) {
    maybe(name, to);
  }

  error_code error() const { return error_; }

 private:
  const json::value* present(std::string_view name) const {
    const json::value* v = from_.if_contains(name);
    return v != nullptr && !v->is_null() ? v : nullptr;
  }

  void note(error_code e) {
    if (!error_) error_ = e;
  }

  static error_code take(const json::value& v, std::string& to, std::size_t longest) {
    const json::string* text = v.if_string();
    if (text == nullptr) return errc::wrong_type;
    if (text->size() > longest) return errc::too_long;
    to.assign(text->data(), text->size());
    return {};
  }

  static error_code take(const json::value& v, std::string& to) {
    return take(v, to, longest_field);
  }

  static error_code take(const json::value& v, secret& to) {
    std::string text;
    const error_code e = take(v, text, longest_secret);
    to = secret(std::move(text));
    return e;
  }

  static error_code take(const json::value& v, bool& to) {
    const bool* flag = v.if_bool();
    if (flag == nullptr) return errc::wrong_type;
    to = *flag;
    return {};
  }

  static error_code take(const json::value& v, std::uint64_t& to) {
    if (const std::int64_t* i = v.if_int64(); i != nullptr && *i >= 0) {
      to = static_cast<std::uint64_t>(*i);
    } else if (const std::uint64_t* u = v.if_uint64()) {
      to = *u;
    } else {
      return errc::wrong_type;
    }
    return {};
  }

  static error_code take(const json::value& v, std::uint32_t& to) {
    std::uint64_t wide = 0;
    if (const error_code e = take(v, wide)) return e;
    if (wide > std::numeric_limits<std::uint32_t>::max()) return errc::wrong_type;
    to = static_cast<std::uint32_t>(wide);
    return {};
  }

  static error_code take(const json::value& v, float& to) {
    if (!v.is_number()) return errc::wrong_type;
    to = static_cast<float>(v.to_number<double>());
    return std::isfinite(to) ? error_code() : errc::wrong_type;
  }

  static error_code take(const json::value& v, uuid& to) {
    const json::string* text = v.if_string();
    const auto id = text != nullptr ? uuid::parse(*text) : std::nullopt;
    if (!id) return errc::wrong_type;
    to = *id;
    return {};
  }

  static error_code take(const json::value& v, model& to) {
    const json::object* object = v.if_object();
    if (object == nullptr) return errc::wrong_type;
    field_source source(*object);
    fields_of(tag<model>(), source, to);
    return source.error();
  }

  template <class T>
  static error_code take(const json::value& v, std::optional<T>& to) {
    return take(v, to.emplace());
  }

  template <class T>
  static error_code take(const json::value& v, std::vector<T>& to) {
    const json::array* list = v.if_array();
    if (list == nullptr) return errc::wrong_type;
    if (list->size() > most_of<T>) return errc::too_many;
    to.resize(list->size());
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (const error_code e = take((*list)[i], to[i])) return e;
    }
    return {};
  }

  const json::object& from_;
  error_code error_;
};

template <class T>
result<command> read(const json::object& from) {
  T c;
  field_source source(from);
  fields_of(tag<T>(), source, c);
  if (source.error()) return source.error();
  return command(std::move(c));
}

using read_function = result<command> (*)(const json::object&);

template <class... T>
read_function reader_of(std::string_view name, tag<std::variant<T...>>) {
  read_function found = nullptr;
  ((name_on_wire(tag<T>()) == name ? static_cast<void>(found = &read<T>) : void()), ...);
  return found;
}

// --- writing ---

/// Puts fields into a JSON object. Lists and texts of `maybe` are left out when empty, numbers when
/// 0, so that a public peer gets exactly the public form.
class field_sink {
 public:
  explicit field_sink(json::object& to) : to_(to) {}

  template <class T>
  void operator()(std::string_view name, const T& from) {
    to_[name] = put(from);
  }

  template <class T>
  void maybe(std::string_view name, const T& from) {
    if (!from.empty()) to_[name] = put(from);
  }

  void maybe(std::string_view name, std::uint32_t from) {
    if (from != 0) to_[name] = put(from);
  }

  template <class T>
  void nullable(std::string_view name, const T& from) {
    to_[name] = put(from);
  }

 private:
  static json::value put(const std::string& from) { return json::string(from); }
  static json::value put(const secret& from) { return json::string(from.reveal()); }
  static json::value put(bool from) { return from; }
  static json::value put(std::uint64_t from) { return from; }
  static json::value put(std::uint32_t from) { return from; }
  static json::value put(float from) { return std::isfinite(from) ? double{from} : 0.0; }
  static json::value put(const uuid& from) { return json::string(from.to_string()); }

  template <class T>
  static json::value put(const std::optional<T>& from) {
    return from ? put(*from) : json::value(nullptr);
  }

  template <class T>
  static json::value put(const std::vector<T>& from) {
    json::array list;
    for (const T& entry : from) list.push_back(put(entry));
    return list;
  }

  static json::value put(const std::vector<model>& from) {
    constexpr std::size_t frame_around_list = 64;
    if (from.empty()) return nullptr;
    json::array list;
    std::size_t size = frame_around_list;
    for (const model& m : from) {
      if (m.id.size() > longest_field) continue;
      json::object entry;
      field_sink sink(entry);
      fields_of(tag<model>(), sink, m);
      size += json::serialize(entry).size() + 1;
      if (size > frame_limit || list.size() == most_models) break;
      list.push_back(std::move(entry));
    }
    return list;
  }

  json::object& to_;
};

}  // namespace

result<command> parse_command(std::string_view text) {
  json::parse_options options;
  options.max_depth = deepest_json;
  error_code error;
  const json::value root = json::parse(text, error, {}, options);
  if (error) return errc::not_json;
  const json::object* outer = root.if_object();
  if (outer == nullptr || outer->size() != 1) return errc::not_a_command;
  const auto& [name, fields] = *outer->begin();
  const read_function read_fields = reader_of(name, tag<command>());
  if (read_fields == nullptr) return errc::unknown_command;
  if (!fields.is_object()) return errc::not_a_command;
  return read_fields(fields.get_object());
}

std::string encode(const command& c) {
  json::object fields;
  field_sink sink(fields);
  std::visit([&]<class T>(const T& one) { fields_of(tag<T>(), sink, one); }, c);
  json::object outer;
  outer[name_of(c)] = std::move(fields);
  return encode_frame(json::serialize(outer));
}

std::string_view name_of(const command& c) {
  return std::visit([]<class T>(const T&) { return name_on_wire(tag<T>()); }, c);
}

}  // namespace frpx::wire
