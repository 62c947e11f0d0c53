#include "api/server_endpoints.hpp"

#include <string_view>

#include "api/envelope.hpp"
#include "core/log.hpp"

namespace frpx::api {
namespace {

using http::request;
using http::response;

constexpr std::size_t token_prefix = 8;

constexpr std::string_view text_of(part_health::state state) {
  switch (state) {
    case part_health::state::up:
      return "up";
    case part_health::state::down:
      return "down";
    case part_health::state::none:
      return "none";
  }
  return "unknown";
}

void write_part(json_writer& json, std::string_view name, const part_health& part) {
  json.key(name).begin_object().member("state", text_of(part.is));
  json.member("since", to_rfc3339(part.since)).end_object();
}

response store_failed(const error_code& why) {
  static log::rate_limit limiter;
  if (limiter.pass()) log::error("the API has no answer of the store: {}", why.message());
  return http::refusal(503, "The database does not answer");
}

}  // namespace

response health(server_view& server, const request&) {
  const server_health parts = server.health();
  bool degraded = false;
  for (const part_health* part : {&parts.database, &parts.cache, &parts.clients}) {
    degraded |= part->is == part_health::state::down;
  }
  return success([&](json_writer& json) {
    json.begin_object().member("status", degraded ? "degraded" : "healthy");
    json.member("timestamp", to_rfc3339(wall_clock::now()));
    json.member("uptime_seconds", server.stats().uptime.count());
    write_part(json, "database", parts.database);
    write_part(json, "cache", parts.cache);
    write_part(json, "clients", parts.clients);
    json.end_object();
  });
}

response stats(server_view& server, const request&) {
  const server_stats now = server.stats();
  return success([&](json_writer& json) {
    json.begin_object()
        .member("active_clients", now.active_clients)
        .member("pending_connections", now.pending_connections)
        .member("total_connections", now.total_connections)
        .member("waiting_requests", now.waiting_requests)
        .member("uptime_seconds", now.uptime.count())
        .end_object();
  });
}

response connections(server_view& server, const request&) {
  const server_stats now = server.stats();
  return success([&](json_writer& json) {
    json.begin_object()
        .member("active_clients", now.active_clients)
        .member("pending_connections", now.pending_connections);
    json.key("client_ids").begin_array();
    server.each_session([&](const session_info& client) { json.value(client.client_id); });
    json.end_array().end_object();
  });
}

boost::asio::awaitable<response> pending_connections(server_view* server) {
  const auto ids = co_await server->pending_connections();
  co_return success([&](json_writer& json) {
    json.begin_object().member("count", ids.size()).key("connection_ids").begin_array();
    for (const std::string& id : ids) json.value(id);
    json.end_array().end_object();
  });
}

response ports(server_view& server, const request&) {
  const listening_ports listening = server.ports();
  return success([&](json_writer& json) {
    json.begin_object()
        .member("control_port", listening.control)
        .member("proxy_port", listening.proxy)
        .member("public_port", listening.visitors)
        .member("api_port", listening.api)
        .end_object();
  });
}

boost::asio::awaitable<response> active_tokens(server_view* server) {
  const auto found = co_await server->active_tokens();
  if (!found) co_return store_failed(found.error());
  co_return success([&](json_writer& json) {
    json.begin_object().member("active_token_count", found->size()).key("tokens").begin_array();
    for (const active_token& each : *found) {
      json.begin_object()
          .member("token_prefix", each.id.substr(0, token_prefix) + "...")
          .member("email", each.email)
          .end_object();
    }
    json.end_array().end_object();
  });
}

}  // namespace frpx::api
