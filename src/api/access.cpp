#include "api/access.hpp"

#include "api/session_endpoints.hpp"
#include "http/guard.hpp"
#include "net/wakeup.hpp"

namespace frpx::api {
namespace {

using boost::asio::awaitable;
using http::request;
using http::request_head;
using http::response;

bool only_looks(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

response unauthorized() {
  response answer = http::refusal(401, "Missing or wrong API token");
  answer.headers.push_back({"WWW-Authenticate", "Bearer"});
  return answer;
}

// Whose login that is, as the store has him now: he may have been removed or given another role or
// password since he logged in. Who only looks is believed for a while to be what he was, and as
// long as the store is away. Errors: store::errc::not_found when the login is over, else why the
// store does not answer.
awaitable<result<operator_user>> confirmed_user(server_view* server, digest token,
                                                bool changes = false) {
  login_book& book = server->logins();
  const auto* known = book.find(token, wall_clock::now());
  if (known == nullptr) co_return make_error_code(store::errc::not_found);
  const operator_user who = known->who;
  const bool was_just_asked = steady_clock::now() - known->confirmed < login_book::believed;
  if (was_just_asked && !changes) co_return who;
  const auto found = co_await server->find_operator(who.email);
  const bool is_away = !found && found.error() != store::errc::not_found;
  if (is_away && changes) co_return found.error();
  auto* const again = book.find(token, wall_clock::now());
  if (again == nullptr) co_return make_error_code(store::errc::not_found);
  if (is_away) co_return who;
  if (!found || found->mark != who.mark || found->role == store::role::client) {
    book.remove(token);
    co_return make_error_code(store::errc::not_found);
  }
  again->confirmed = steady_clock::now();
  again->who = *found;
  co_return *found;
}

/// What stands in front of the API.
class gate {
 public:
  gate(server_view& server, access_rules rules, http::handler next)
      : server_(server),
        rules_(std::move(rules)),
        same_machine_(secret(), rules_.cors_origin),
        next_(std::move(next)) {}

  awaitable<response> answer(request asked) const;

 private:
  awaitable<response> admit(request asked) const;
  awaitable<response> admit_user(request asked, std::string_view token) const;
  bool is_open() const { return rules_.on_loopback && rules_.token.empty(); }
  bool is_page_of_friends(const request_head& asked) const;

  server_view& server_;
  const access_rules rules_;
  const http::guard same_machine_;
  const http::handler next_;
};

bool gate::is_page_of_friends(const request_head& asked) const {
  const http::field* origin = asked.fields.find("Origin");
  return origin != nullptr && !rules_.cors_origin.empty() && origin->value == rules_.cors_origin;
}

// https://fetch.spec.whatwg.org/#http-cors-protocol
awaitable<response> gate::answer(request asked) const {
  const request_head& head = *asked.head;
  const bool is_friend = is_page_of_friends(head);
  response given;
  if (!is_friend && !only_looks(head.method) && http::is_from_another_site(head)) {
    given = http::refusal(403, "Requests from another origin are refused");
  } else if (is_friend && head.method == "OPTIONS" &&
             head.fields.find("Access-Control-Request-Method") != nullptr) {
    given.status = 204;
    given.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
                     {"Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID"},
                     {"Access-Control-Max-Age", "600"}};
  } else {
    given = co_await admit(std::move(asked));
  }
  if (is_friend) {
    given.headers.push_back({"Access-Control-Allow-Origin", rules_.cors_origin});
    given.headers.push_back({"Access-Control-Expose-Headers", "X-Total-Count"});
  }
  if (!rules_.cors_origin.empty()) given.headers.push_back({"Vary", "Origin"});
  co_return given;
}

awaitable<response> gate::admit(request asked) const {
  const request_head& head = *asked.head;
  const std::string_view token = http::bearer_token(head);
  const bool wants_in = head.method == "POST" && head.path == session_path;
  if (token.empty() || wants_in) {
    if (!is_open() && !wants_in) co_return unauthorized();
    if (is_open()) {
      if (auto refused = same_machine_.check(head)) co_return std::move(*refused);
    }
    asked.who = "loopback";
    co_return co_await next_(std::move(asked));
  }
  if (!rules_.token.empty() && equal_in_constant_time(token, rules_.token.reveal())) {
    asked.who = "api-token";
    co_return co_await next_(std::move(asked));
  }
  co_return co_await admit_user(std::move(asked), token);
}

awaitable<response> gate::admit_user(request asked, std::string_view token) const {
  const bool changes = !only_looks(asked.head->method) && asked.head->path != session_path;
  const auto user = co_await confirmed_user(&server_, sha256(token), changes);
  if (!user && user.error() == store::errc::not_found) co_return unauthorized();
  if (!user) {
    co_return http::refusal(503, "The database does not answer, so nobody knows what you may do");
  }
  if (changes && user->role != store::role::admin) {
    co_return http::refusal(403, "A viewer may look, and change nothing");
  }
  asked.who = user->email;
  co_return co_await next_(std::move(asked));
}

}  // namespace

http::handler admitted(server_view& server, access_rules rules, http::handler next) {
  const auto made = std::make_shared<const gate>(server, std::move(rules), std::move(next));
  return [made](request asked) { return made->answer(std::move(asked)); };
}

awaitable<void> end_lost_logins(server_view* server) {
  server->logins().expire(wall_clock::now());
  for (const digest& each : server->logins().followed()) co_await confirmed_user(server, each);
}

awaitable<void> end_doubtful_logins(server_view* server) {
  server->logins().doubt();
  co_await end_lost_logins(server);
}

awaitable<void> watch_logins(server_view* server) {
  for (;;) {
    co_await net::pause(login_book::believed);
    co_await end_lost_logins(server);
  }
}

}  // namespace frpx::api
