#include "wire/frpx_command.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "wire/errc.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_fields.hpp"

namespace frpx::wire {
namespace {

namespace json = boost::json;

// --- reading ---

template <class T>
constexpr std::size_t most_of = 0;
template <>
constexpr std::size_t most_of<std::string> = most_caps;
template <>
constexpr std::size_t most_of<uuid> = most_link_ids;
template <>
constexpr std::size_t most_of<model> = most_models;
template <>
constexpr std::size_t most_of<named_text> = most_metadata;
template <>
constexpr std::size_t most_of<port_range> = most_ranges;
template <>
constexpr std::size_t most_of<service_info> = most_services;

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

  template <class T>
  void unless(std::string_view name, T& to, const T&) {
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

  static error_code take(const json::value& v, std::uint16_t& to) {
    std::uint32_t wide = 0;
    if (const error_code e = take(v, wide)) return e;
    if (wide > std::numeric_limits<std::uint16_t>::max()) return errc::wrong_type;
    to = static_cast<std::uint16_t>(wide);
    return {};
  }

  static error_code take(const json::value& v, service_kind& to) {
    return take_word(v, to, parse_service_kind);
  }

  static error_code take(const json::value& v, proxy_header& to) {
    return take_word(v, to, parse_proxy_header);
  }

  template <class T, class Parse>
  static error_code take_word(const json::value& v, T& to, Parse parse) {
    const json::string* text = v.if_string();
    const auto word = text != nullptr ? parse(*text) : std::nullopt;
    if (!word) return errc::wrong_type;
    to = *word;
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

  template <record T>
  static error_code take(const json::value& v, T& to) {
    const json::object* object = v.if_object();
    if (object == nullptr) return errc::wrong_type;
    field_source source(*object);
    fields_of(tag<T>(), source, to);
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
    if (list->size() > most_of<T> && !std::is_same_v<T, model>) return errc::too_many;
    to.resize(std::min(list->size(), most_of<T>));
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (const error_code e = take((*list)[i], to[i])) return e;
    }
    return {};
  }

  const json::object& from_;
  error_code error_;
};

// Counts the models that are more than one takes.
void count_left_out(const json::object& from, heartbeat& beat) {
  const json::value* list = from.if_contains("models");
  if (list == nullptr || !list->is_array() || list->get_array().size() <= most_models) return;
  beat.left_out += static_cast<std::uint32_t>(list->get_array().size() - most_models);
}

template <class T>
result<command> read(const json::object& from) {
  T c;
  field_source source(from);
  fields_of(tag<T>(), source, c);
  if (source.error()) return source.error();
  if constexpr (std::is_same_v<T, heartbeat>) count_left_out(from, c);
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

/// Puts fields into a JSON object. Lists and texts of `maybe` are left out when empty, so that a
/// public peer gets exactly the public form.
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

  template <class T>
  void maybe(std::string_view name, const std::optional<T>& from) {
    if (from) to_[name] = put(*from);
  }

  template <class T>
  void nullable(std::string_view name, const T& from) {
    to_[name] = put(from);
  }

  template <class T>
  void unless(std::string_view name, const T& from, const T& usual) {
    if (from != usual) to_[name] = put(from);
  }

 private:
  static json::value put(const std::string& from) { return json::string(from); }
  static json::value put(const secret& from) { return json::string(from.reveal()); }
  static json::value put(bool from) { return from; }
  static json::value put(std::uint64_t from) { return from; }
  static json::value put(std::uint32_t from) { return from; }
  static json::value put(std::uint16_t from) { return from; }
  static json::value put(service_kind from) { return json::string(to_string(from)); }
  static json::value put(proxy_header from) { return json::string(to_string(from)); }
  static json::value put(float from) { return std::isfinite(from) ? double{from} : 0.0; }
  static json::value put(const uuid& from) { return json::string(from.to_string()); }

  template <record T>
  static json::value put(const T& from) {
    json::object entry;
    field_sink sink(entry);
    fields_of(tag<T>(), sink, from);
    return entry;
  }

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

  // An empty list is null to the public programs.
  static json::value put(const std::vector<model>& from) {
    if (from.empty()) return nullptr;
    json::array list;
    for (const model& m : from) list.push_back(put(m));
    return list;
  }

  json::object& to_;
};

std::string json_of(const command& c) {
  json::object fields;
  field_sink sink(fields);
  std::visit([&]<class T>(const T& one) { fields_of(tag<T>(), sink, one); }, c);
  json::object outer;
  outer[name_of(c)] = std::move(fields);
  return json::serialize(outer);
}

// Bytes of JSON, with the comma behind.
std::size_t size_of(const model& m) {
  json::object entry;
  field_sink sink(entry);
  fields_of(tag<model>(), sink, m);
  return json::serialize(entry).size() + 1;
}

std::size_t size_of(const std::vector<model>& models) {
  std::size_t size = 0;
  for (const model& m : models) size += size_of(m);
  return size;
}

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

heartbeat fitted(heartbeat beat) {
  std::vector<model> all = std::exchange(beat.models, {});
  const std::size_t count = all.size();
  std::erase_if(all, [](const model& m) { return m.id.size() > longest_field; });
  constexpr std::size_t room_for_left_out = 32;
  const std::size_t room = frame_limit - room_for_left_out - json_of(beat).size();
  if (size_of(all) > room) {
    for (model& m : all) m = {m.id, m.object, m.created, m.owned_by};
  }
  std::size_t size = 0;
  const auto first_beyond = std::ranges::find_if(all, [&](const model& m) {
    size += size_of(m);
    return size > room;
  });
  all.erase(first_beyond, all.end());
  if (all.size() > most_models) all.resize(most_models);
  beat.left_out += static_cast<std::uint32_t>(count - all.size());
  beat.models = std::move(all);
  return beat;
}

std::string encode(const command& c) {
  const auto* const beat = std::get_if<heartbeat>(&c);
  return encode_frame(json_of(beat != nullptr ? command(fitted(*beat)) : c));
}

std::string_view name_of(const command& c) {
  return std::visit([]<class T>(const T&) { return name_on_wire(tag<T>()); }, c);
}

}  // namespace frpx::wire
