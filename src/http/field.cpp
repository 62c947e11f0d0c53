#include "http/field.hpp"

#include <array>

#include "http/characters.hpp"

namespace frpx::http {
namespace {

struct known_field {
  std::string_view name;
  field_id id;
};

constexpr known_field known_fields[] = {
    {"te", field_id::te},
    {"via", field_id::via},
    {"host", field_id::host},
    {"proxy", field_id::proxy},
    {"cookie", field_id::cookie},
    {"expect", field_id::expect},
    {"origin", field_id::origin},
    {"trailer", field_id::trailer},
    {"upgrade", field_id::upgrade},
    {"api-key", field_id::api_key},
    {"x-method", field_id::request_override},
    {"client_id", field_id::client_id},
    {"forwarded", field_id::forwarded},
    {"x-real-ip", field_id::x_real_ip},
    {"x-api-key", field_id::api_key},
    {"connection", field_id::connection},
    {"keep-alive", field_id::keep_alive},
    {"x-request-id", field_id::x_request_id},
    {"content-type", field_id::content_type},
    {"authorization", field_id::authorization},
    {"x-frpx-client", field_id::x_frpx_client},
    {"x-http-method", field_id::request_override},
    {"x-rewrite-uri", field_id::request_override},
    {"x-rewrite-url", field_id::request_override},
    {"content-length", field_id::content_length},
    {"x-goog-api-key", field_id::api_key},
    {"x-original-uri", field_id::request_override},
    {"x-original-url", field_id::request_override},
    {"x-override-url", field_id::request_override},
    {"x-forwarded-for", field_id::x_forwarded_for},
    {"content-encoding", field_id::content_encoding},
    {"proxy-connection", field_id::proxy_connection},
    {"x-forwarded-host", field_id::x_forwarded_host},
    {"transfer-encoding", field_id::transfer_encoding},
    {"x-forwarded-proto", field_id::x_forwarded_proto},
    {"x-method-override", field_id::request_override},
    {"x-original-method", field_id::request_override},
    {"proxy-authorization", field_id::proxy_authorization},
    {"x-http-method-override", field_id::request_override},
};

constexpr std::size_t longest_known = 22;

// first_of_length[n] is where the names of n bytes begin in the table, which is sorted by length.
constexpr auto first_of_length = [] {
  std::array<std::uint8_t, longest_known + 2> first{};
  for (std::size_t n = 0; n < first.size(); ++n) {
    while (first[n] < std::size(known_fields) && known_fields[first[n]].name.size() < n) ++first[n];
  }
  return first;
}();

}  // namespace

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (characters::to_lower(left[i]) != characters::to_lower(right[i])) return false;
  }
  return true;
}

field_id id_of(std::string_view name) {
  if (name.size() > longest_known) return field_id::other;
  for (std::size_t i = first_of_length[name.size()]; i < first_of_length[name.size() + 1]; ++i) {
    if (equals_ignoring_case(known_fields[i].name, name)) return known_fields[i].id;
  }
  return field_id::other;
}

const field* field_table::find(field_id id) const {
  for (const field& f : *this) {
    if (f.id == id) return &f;
  }
  return nullptr;
}

const field* field_table::find(std::string_view name) const {
  for (const field& f : *this) {
    if (equals_ignoring_case(f.name, name)) return &f;
  }
  return nullptr;
}

}  // namespace frpx::http
