#include "http/guard.hpp"

#include <algorithm>

namespace frpx::http {
namespace {

bool is_own_origin(std::string_view origin, std::string_view authority) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(origin.substr(0, scheme.size()), scheme) &&
        equals_ignoring_case(origin.substr(scheme.size()), authority)) {
      return true;
    }
  }
  return false;
}

response unauthorized() {
  response answer = refusal(401, "Missing or wrong API token");
  answer.headers.push_back({"WWW-Authenticate", "Bearer"});
  return answer;
}

}  // namespace

// RFC 6750, 2.1: one token behind the scheme.
std::string_view bearer_token(const request_head& asked) {
  constexpr std::string_view scheme = "Bearer ";
  const field* given = asked.fields.find(field_id::authorization);
  if (given == nullptr) return {};
  const auto value = given->value;
  if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
  return value.substr(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
}

bool is_from_another_site(const request_head& asked) {
  const field* site = asked.fields.find("Sec-Fetch-Site");
  return site != nullptr && site->value != "same-origin" && site->value != "none";
}

bool is_loopback_host(std::string_view authority) {
  const bool bracketed = authority.starts_with('[');
  const auto colon =
      authority.find(':', bracketed ? std::min(authority.find(']'), authority.size()) : 0);
  const auto host = authority.substr(0, colon);
  return equals_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

std::optional<response> guard::check(const request_head& asked) const {
  if (!token_.empty()) {
    if (equal_in_constant_time(bearer_token(asked), token_.reveal())) return std::nullopt;
    return unauthorized();
  }
  if (!is_loopback_host(asked.authority)) {
    return refusal(403, "The Host header must be localhost, 127.0.0.1 or [::1]");
  }
  const field* origin = asked.fields.find("Origin");
  if (origin != nullptr && !friendly_origin_.empty() && origin->value == friendly_origin_) {
    return std::nullopt;
  }
  if (is_from_another_site(asked) ||
      (origin != nullptr && !is_own_origin(origin->value, asked.authority))) {
    return refusal(403, "Requests from another origin are refused");
  }
  return std::nullopt;
}

handler guarded(guard checks, handler next) {
  return [checks = std::move(checks), next = std::move(next)](request asked) {
    if (auto refused = checks.check(*asked.head)) return ready(std::move(*refused));
    return next(std::move(asked));
  };
}

}  // namespace frpx::http
