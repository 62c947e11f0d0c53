// Fields of an HTTP head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace frpx::http {

/// Fields that this program reads, writes or removes. A field is looked up once, when parsed.
enum class field_id : std::uint8_t {
  other,
  api_key,  ///< However it is called, beside Authorization.
  authorization,
  client_id,
  connection,
  content_encoding,
  content_length,
  content_type,
  cookie,
  expect,
  forwarded,
  host,
  keep_alive,
  origin,
  proxy,
  proxy_authorization,
  proxy_connection,
  request_override,  ///< Says that the request means another method or target.
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_frpx_client,
  x_real_ip,
  x_request_id,
};

/// A name and a value, as views: of the buffer they were parsed from, or of the caller's texts.
struct field {
  std::string_view name;
  std::string_view value;
  field_id id = field_id::other;
};

/// Without regard to case.
field_id id_of(std::string_view name);

/// ASCII, without regard to case.
bool equals_ignoring_case(std::string_view left, std::string_view right);

/// The fields of one head, in order, without allocation.
class field_table {
 public:
  static constexpr std::size_t capacity = 256;

  field_table() {}  // leaves the entries alone: filling 10 KB would cost more than parsing a head

  void clear() { size_ = 0; }
  bool full() const { return size_ == capacity; }
  void add(const field& f) { std::construct_at(fields_ + size_++, f); }
  std::size_t size() const { return size_; }
  const field* begin() const { return fields_; }
  const field* end() const { return fields_ + size_; }

  /// The first field with that id or name, or nullptr.
  const field* find(field_id id) const;
  const field* find(std::string_view name) const;

 private:
  union {
    field fields_[capacity];  // the first size_ are alive
  };
  std::size_t size_ = 0;
};

/// Calls `visit(element)` for each element of a comma-separated list, without the white space
/// around it and without empty elements (RFC 9110, 5.6.1). Ends early when `visit` returns false,
/// and returns false then.
template <class Visit>
bool for_each_element(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) {
      element.remove_prefix(1);
    }
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) {
      element.remove_suffix(1);
    }
    if (!element.empty() && !visit(element)) return false;
  }
  return true;
}

}  // namespace frpx::http
