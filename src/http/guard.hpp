// Who may use our own endpoints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/secret.hpp"
#include "http/message.hpp"

namespace frpx::http {

/// Keeps strangers, and web pages that run in the operator's browser, away from the API.
///
/// With a token, a request must carry it (`Authorization: Bearer TOKEN`): else 401. Without one the
/// endpoints listen on loopback only, where a page can still reach them: by a name of its own that
/// it points at 127.0.0.1 (DNS rebinding), so Host must be `localhost`, `127.0.0.1` or `[::1]`; or
/// by a request across origins, so an Origin must be that of Host itself, and a browser must not
/// say in Sec-Fetch-Site that another site's page made it: else 403.
///
/// Immutable; any thread.
class guard {
 public:
  /// An empty `token` means none. Pages of `friendly_origin`, if it is not empty, may come too.
  explicit guard(secret token = {}, std::string friendly_origin = {})
      : token_(std::move(token)), friendly_origin_(std::move(friendly_origin)) {}

  /// The refusal, or nothing when the request may pass.
  std::optional<response> check(const request_head& asked) const;

 private:
  secret token_;
  std::string friendly_origin_;
};

/// What stands behind `Authorization: Bearer`, or nothing.
std::string_view bearer_token(const request_head& asked);

/// Whether a browser says that a page of another origin made this request. Unlike Origin, browsers
/// send this with every request, GET included; other programs do not send it.
/// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
bool is_from_another_site(const request_head& asked);

/// Whether `authority` (a host with an optional port) names this machine from within.
bool is_loopback_host(std::string_view authority);

/// Puts `checks` in front of `next`.
handler guarded(guard checks, handler next);

}  // namespace frpx::http
