#include "gateway/visitor_key.hpp"

#include <sodium.h>

#include "http/api_error.hpp"

namespace frpx::gateway {
namespace {

// The password of RFC 7617; nothing if these are no such credentials.
std::optional<secret> password_in(std::string_view encoded) {
  std::string bytes(encoded.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                        encoded.data(), encoded.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  const secret wiped(std::move(bytes));
  const auto colon = wiped.reveal().find(':');
  if (colon == std::string::npos) return std::nullopt;
  return secret(wiped.reveal().substr(colon + 1));
}

}  // namespace

std::string_view visitor_key::key_in(const http::field& from) {
  if (from.id == http::field_id::api_key) return from.value;
  constexpr std::string_view basic = "Basic ";
  if (http::equals_ignoring_case(from.value.substr(0, basic.size()), basic)) {
    if (auto password = password_in(from.value.substr(basic.size()))) {
      decoded_ = std::move(*password);
      return decoded_.reveal();
    }
  }
  return http::key_in(from.value);
}

visitor_key::state visitor_key::find(const http::request_head& head) {
  text_ = {};
  bool authorized = false;
  for (const http::field& each : head.fields) {
    const bool is_authorization = each.id == http::field_id::authorization;
    if (!is_authorization && each.id != http::field_id::api_key) continue;
    if (is_authorization && std::exchange(authorized, true)) return state::ambiguous;
    const std::string_view key = key_in(each);
    if (key.empty()) continue;
    if (!text_.empty() && !equal_in_constant_time(text_, key)) return state::ambiguous;
    text_ = key;
  }
  return text_.empty() ? state::absent : state::present;
}

}  // namespace frpx::gateway
