#include "api/account_endpoints.hpp"

#include "api/audit.hpp"
#include "api/envelope.hpp"
#include "api/json_fields.hpp"
#include "api/lists.hpp"
#include "core/names.hpp"
#include "http/uri.hpp"
#include "ports/ranges.hpp"

namespace frpx::api {
namespace {

using boost::asio::awaitable;
using http::refusal;
using http::request;
using http::response;
using identity::outcome;

constexpr auto as_json = identity::form::json;
constexpr std::string_view bad_role = "`role` must be client, viewer or admin";

constexpr std::string_view not_a_name =
    "A name has 1 to 256 bytes of UTF-8 and no control characters";

int status_of(const error_code& why) {
  if (!why || why == store::errc::bad_value) return 400;
  if (why == store::errc::not_found) return 404;
  if (why == store::errc::already_exists) return 409;
  return 503;
}

// The verbs end their answers as lines.
std::string_view without_line_end(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

response answer_of(const outcome& said) {
  if (said.code != 0) return refusal(status_of(said.why), said.refusal);
  return success([&](json_writer& json) { json.raw(without_line_end(said.out)); });
}

// Answers with the list that a verb makes.
awaitable<response> list(server_view* server, request asked,
                         outcome (*verb)(store::store&, identity::form),
                         std::span<const std::string_view> own = {}) {
  const outcome said = co_await server->run([verb](store::store& in) { return verb(in, as_json); });
  if (said.code != 0) co_return answer_of(said);
  co_return listed_text(asked, without_line_end(said.out), own);
}

// Runs a verb that changes something: does `action`, for which there is an event, to `which`, which
// never holds a secret.
awaitable<response> change(server_view* server, std::string_view action, std::string which,
                           author by, verb how) {
  if (!is_plain_text(which)) {  // it would be echoed
    co_return refusal(400, not_a_name);
  }
  const outcome said = co_await server->run(audited(std::move(how), action, which, by));
  log_change(action, which, by, said.code == 0 ? "done" : said.refusal);
  if (said.code == 0) {
    server->logins().doubt();
    server->events().tell(event_of(action), [&](json_writer& json) { json.member("name", which); });
  }
  co_return answer_of(said);
}

store::key_change limits_in(json_fields& fields) {
  return {.per_minute = fields.number("rpm"),
          .at_once = fields.number("max_inflight"),
          .models = fields.names("models"),
          .clients = fields.names("clients")};
}

}  // namespace

awaitable<response> list_keys(server_view* server, request asked) {
  co_return co_await list(server, std::move(asked), identity::key_list);
}

awaitable<response> make_key(server_view* server, request asked) {
  json_fields fields(asked.body);
  const std::string name = fields.text("name").value_or("");
  const std::string user = fields.text("user").value_or("");
  const auto life = fields.life("expires");
  const store::key_change given = limits_in(fields);
  if (const auto problem = fields.problem()) co_return refusal(400, *problem);
  const store::key_limits limits{.per_minute = given.per_minute.value_or(0),
                                 .at_once = given.at_once.value_or(0),
                                 .models = given.models.value_or(std::vector<std::string>()),
                                 .clients = given.clients.value_or(std::vector<std::string>())};
  co_return co_await change(
      server, "make key", name, author(asked), [name, user, life, limits](store::store& in) {
        return identity::key_add(in, name, user, life, as_json, wall_clock::now(), limits);
      });
}

awaitable<response> change_key(server_view* server, request asked) {
  json_fields fields(asked.body);
  const store::key_change limits = limits_in(fields);
  const auto life = fields.life("expires");
  if (const auto problem = fields.problem()) co_return refusal(400, *problem);
  const std::string id = asked.parameters[0];
  co_return co_await change(
      server, "change key", id, author(asked), [id, limits, life](store::store& in) {
        return identity::key_set(in, id, life, as_json, wall_clock::now(), limits);
      });
}

awaitable<response> revoke_key(server_view* server, request asked) {
  const std::string id = asked.parameters[0];
  co_return co_await change(server, "revoke key", id, author(asked), [id](store::store& in) {
    return identity::key_revoke(in, id, as_json);
  });
}

awaitable<response> list_users(server_view* server, request asked) {
  static constexpr std::string_view own[] = {"details"};
  const auto details = http::query_value(asked.head->query, "details");
  if (details && *details == "true") {
    co_return co_await list(server, std::move(asked), identity::user_list, own);
  }
  if (!details || details->has_value()) co_return refusal(400, "`details` must be true");
  const auto emails = co_await server->users();
  if (!emails) co_return refusal(503, "The database does not answer");
  co_return listed_rows(asked, *emails,
                        [](json_writer& json, const std::string& email) { json.value(email); });
}

awaitable<response> show_user(server_view* server, request asked) {
  const std::string email = asked.parameters[0];
  if (!is_plain_text(email)) co_return refusal(400, not_a_name);
  co_return answer_of(co_await server->run(
      [email](store::store& in) { return identity::user_show(in, email, as_json); }));
}

awaitable<response> make_user(server_view* server, request asked) {
  json_fields fields(asked.body);
  const std::string email = fields.text("email").value_or("");
  const secret password(fields.text("password").value_or(""));
  const auto role = store::parse_role(fields.text("role").value_or("client"));
  std::string wrong_ports;
  const auto ports = ports::kept_form(fields.text("ports").value_or("any"), wrong_ports);
  if (const auto problem = fields.problem()) co_return refusal(400, *problem);
  if (!role) co_return refusal(400, bad_role);
  if (!ports) co_return refusal(400, "`ports`: " + wrong_ports);
  if (password.empty()) co_return refusal(400, "`password` must not be empty");
  co_return co_await change(
      server, "make user", email, author(asked), [email, password, role, ports](store::store& in) {
        return identity::user_add(in, email, password, *role, as_json, wall_clock::now(), *ports);
      });
}

awaitable<response> change_user(server_view* server, request asked) {
  json_fields fields(asked.body);
  const auto password = fields.text("password");
  const auto role_text = fields.text("role");
  const auto ports_text = fields.text("ports");
  const auto leases = fields.number_or_null("leases");
  if (const auto problem = fields.problem()) co_return refusal(400, *problem);
  if (password.has_value() + role_text.has_value() + ports_text.has_value() + leases.has_value() !=
      1) {
    co_return refusal(400, "One of `role`, `ports`, `leases` and `password` is to be changed");
  }
  const std::string email = asked.parameters[0];
  if (password) {
    if (password->empty()) co_return refusal(400, "`password` must not be empty");
    co_return co_await change(server, "change the password of user", email, author(asked),
                              [email, to = secret(*password)](store::store& in) {
                                return identity::user_passwd(in, email, to, as_json);
                              });
  }
  if (ports_text) {
    std::string wrong;
    const auto ports = ports::kept_form(*ports_text, wrong);
    if (!ports) co_return refusal(400, "`ports`: " + wrong);
    co_return co_await change(server, "change the ports of user", email, author(asked),
                              [email, to = *ports](store::store& in) {
                                return identity::user_ports(in, email, to, as_json);
                              });
  }
  if (leases) {
    co_return co_await change(server, "change the leases of user", email, author(asked),
                              [email, to = *leases](store::store& in) {
                                return identity::user_leases(in, email, to, as_json);
                              });
  }
  const auto role = store::parse_role(*role_text);
  if (!role) co_return refusal(400, bad_role);
  co_return co_await change(
      server, "change the role of user", email, author(asked),
      [email, role](store::store& in) { return identity::user_role(in, email, *role, as_json); });
}

awaitable<response> remove_user(server_view* server, request asked) {
  const std::string email = asked.parameters[0];
  co_return co_await change(server, "remove user", email, author(asked), [email](store::store& in) {
    return identity::user_remove(in, email, as_json);
  });
}

awaitable<response> list_tokens(server_view* server, request asked) {
  co_return co_await list(server, std::move(asked), identity::token_list);
}

awaitable<response> revoke_token(server_view* server, request asked) {
  const std::string id = asked.parameters[0];
  co_return co_await change(server, "revoke token", id, author(asked), [id](store::store& in) {
    return identity::token_revoke(in, id, as_json);
  });
}

awaitable<response> list_client_ids(server_view* server, request asked) {
  co_return co_await list(server, std::move(asked), identity::client_list);
}

awaitable<response> forget_client_id(server_view* server, request asked) {
  const std::string id = asked.parameters[0];
  co_return co_await change(server, "forget client", id, author(asked), [id](store::store& in) {
    return identity::client_forget(in, id, as_json);
  });
}

}  // namespace frpx::api
