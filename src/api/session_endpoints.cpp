#include "api/session_endpoints.hpp"

#include "api/audit.hpp"
#include "api/envelope.hpp"
#include "api/json_fields.hpp"
#include "http/guard.hpp"
#include "identity/errors.hpp"
#include "net/error.hpp"

namespace frpx::api {
namespace {

using boost::asio::awaitable;
using http::refusal;
using http::request;
using http::response;

response login_refused(const error_code& why) {
  if (why == identity::errc::wrong_credentials) return refusal(401, "Wrong e-mail or password");
  if (why == identity::errc::throttled || why == net::errc::busy) {
    return refusal(429, "Too many tries; wait before the next");
  }
  return refusal(503, "The database does not answer");
}

}  // namespace

awaitable<response> log_in(server_view* server, request asked) {
  json_fields fields(asked.body);
  const std::string email = fields.text("email").value_or("");
  secret password(fields.text("password").value_or(""));
  if (const auto problem = fields.problem()) co_return refusal(400, *problem);
  const auto who = co_await server->log_in(email, std::move(password), asked.peer.address());
  if (!who) co_return login_refused(who.error());
  if (who->role == store::role::client) {
    co_return refusal(403, "This user may bring clients in, and nothing else");
  }
  const auto given = server->logins().add(*who, wall_clock::now(), steady_clock::now());
  asked.who = who->email;
  co_await note_change(server, "log in", {}, author(asked));
  co_return success([&](json_writer& json) {
    json.begin_object().member("token", given.token.reveal());
    json.member("role", store::to_string(who->role)).member("email", who->email);
    json.member("expires_at", to_rfc3339(given.expires)).end_object();
  });
}

response show_session(server_view& server, const request& asked) {
  const auto token = http::bearer_token(*asked.head);
  const auto* user = server.logins().find(token, wall_clock::now());
  return success([&](json_writer& json) {
    json.begin_object();
    json.member("role", store::to_string(user ? user->who.role : store::role::admin)).key("email");
    user ? json.value(user->who.email) : json.null();
    json.member("how", user ? "login" : token.empty() ? "loopback" : "api-token").end_object();
  });
}

awaitable<response> log_out(server_view* server, request asked) {
  if (!server->logins().remove(http::bearer_token(*asked.head))) {
    co_return refusal(409, "Nobody has logged in");
  }
  co_await note_change(server, "log out", {}, author(asked));
  co_return success(
      [](json_writer& json) { json.begin_object().member("status", "logged out").end_object(); });
}

}  // namespace frpx::api
