#include "api/client_endpoints.hpp"

#include <algorithm>

#include "api/audit.hpp"
#include "api/envelope.hpp"
#include "api/lists.hpp"
#include "core/duration.hpp"
#include "core/names.hpp"
#include "http/uri.hpp"

namespace frpx::api {
namespace {

using boost::asio::awaitable;
using http::refusal;
using http::request;
using http::response;
using std::chrono::seconds;

constexpr seconds stale_after{60};
constexpr seconds default_refusal{60};
constexpr std::chrono::milliseconds longest_refusal = std::chrono::hours(24);

seconds age(wall_time when) {
  const auto passed = std::chrono::floor<seconds>(wall_clock::now() - when);
  return std::max(passed, seconds(0));  // the wall's clock may have been set back
}

response no_such_client() {
  return refusal(404, "Client not found");
}

// Answers with what `write` makes of the client that the path names.
template <class F>
response with_client(server_view& server, const request& asked, F write) {
  const auto client = server.find_session(asked.parameters[0]);
  if (!client) return no_such_client();
  return success([&](json_writer& json) { write(json, *client); });
}

void write_usage(json_writer& json, const session_info::machine& system) {
  json.member("cpu_usage", system.cpu_usage)
      .member("memory_usage", system.memory_usage)
      .member("disk_usage", system.disk_usage)
      .member("computer_name", system.computer_name)
      .member("last_heartbeat", to_rfc3339(system.last_heartbeat))
      .member("heartbeat_seconds_ago", age(system.last_heartbeat).count());
}

void write_client(json_writer& json, const session_info& client) {
  json.begin_object().member("client_id", client.client_id).member("authed", client.authed);
  json.key("system_info");
  if (client.system) {
    json.begin_object();
    write_usage(json, *client.system);
    json.end_object();
  } else {
    json.null();
  }
  json.member("connected_at", to_rfc3339(client.connected_at));
  json.member("user", client.user).member("address", client.address);
  json.key("computer_name");
  client.system ? json.value(client.system->computer_name) : json.null();
  json.member("inflight", client.in_flight).key("max_inflight");
  client.most_in_flight != 0 ? json.value(client.most_in_flight) : json.null();
  json.member("weight", client.weight).member("draining", client.draining);
  json.member("set_aside", client.set_aside).member("requests", client.requests);
  json.key("models").begin_array();
  if (client.models) {
    for (const wire::model& each : *client.models) json.value(each.id);
  }
  json.end_array().member("models_left_out", client.models_left_out).end_object();
}

void write_monitoring(json_writer& json, const session_info& client) {
  json.begin_object().member("client_id", client.client_id);
  write_usage(json, *client.system);
  json.end_object();
}

void write_model(json_writer& json, const wire::model& of) {
  json.begin_object()
      .member("id", of.id)
      .member("object", of.object)
      .member("created", of.created)
      .member("owned_by", of.owned_by)
      .end_object();
}

awaitable<response> set_draining(server_view* server, request asked, bool drains) {
  const std::string& id = asked.parameters[0];
  if (!server->drain(id, drains)) co_return no_such_client();
  co_await note_change(server, drains ? "drain client" : "undrain client", id, author(asked));
  co_return success([&](json_writer& json) {
    json.begin_object().member("client_id", id).member("draining", drains).end_object();
  });
}

}  // namespace

response list_clients(server_view& server, const request& asked) {
  return listed(asked, server.session_count(), [&](json_writer& json, std::size_t place) {
    write_client(json, server.session_at(place));
  });
}

response show_client(server_view& server, const request& asked) {
  return with_client(server, asked, write_client);
}

response client_status(server_view& server, const request& asked) {
  const std::string& id = asked.parameters[0];
  if (!is_plain_text(id)) return refusal(400, "Not a client id");  // it would be echoed
  const auto client = server.find_session(id);
  return success([&](json_writer& json) {
    json.begin_object().member("client_id", id).member("connected", client.has_value());
    if (client) {
      json.member("authenticated", client->authed);
      json.member("connected_at", to_rfc3339(client->connected_at));
      if (client->system) {
        json.member("last_heartbeat_seconds_ago", age(client->system->last_heartbeat).count());
      }
    }
    json.end_object();
  });
}

response client_heartbeat(server_view& server, const request& asked) {
  return with_client(server, asked, [](json_writer& json, const session_info& client) {
    json.begin_object().member("client_id", client.client_id);
    if (client.system) {
      const seconds ago = age(client.system->last_heartbeat);
      json.member("last_heartbeat_seconds_ago", ago.count());
      json.member("status", ago < stale_after ? "healthy" : "stale");
    } else {
      json.member("status", "no_data");
    }
    json.end_object();
  });
}

response client_models(server_view& server, const request& asked) {
  const auto client = server.find_session(asked.parameters[0]);
  if (!client) return no_such_client();
  return listed_rows(asked, client->models.value_or(std::span<const wire::model>()), write_model);
}

response all_models(server_view& server, const request&) {
  return success([&](json_writer& json) {
    json.begin_object();
    server.each_session([&](const session_info& client) {
      if (!client.models) return;
      json.key(client.client_id).begin_array();
      for (const wire::model& each : *client.models) write_model(json, each);
      json.end_array();
    });
    json.end_object();
  });
}

response unserved_models(server_view& server, const request& asked) {
  return listed_rows(asked, server.unserved_models(),
                     [](json_writer& json, const unserved_model& one) {
                       json.begin_object()
                           .member("model", one.model)
                           .member("requests", one.requests)
                           .member("first_asked", to_rfc3339(one.first_asked))
                           .member("last_asked", to_rfc3339(one.last_asked))
                           .end_object();
                     });
}

response all_monitoring(server_view& server, const request& asked) {
  std::vector<session_info> heard_of;
  server.each_session([&](const session_info& client) {
    if (client.system) heard_of.push_back(client);
  });
  return listed_rows(asked, heard_of, write_monitoring);
}

response client_monitoring(server_view& server, const request& asked) {
  const auto client = server.find_session(asked.parameters[0]);
  if (!client) return no_such_client();
  if (!client->system) return refusal(404, "The client has not reported yet");
  return success([&](json_writer& json) { write_monitoring(json, *client); });
}

awaitable<response> disconnect_client(server_view* server, request asked) {
  const auto given = http::query_value(asked.head->query, "for");
  std::optional<std::chrono::milliseconds> refused_for = default_refusal;
  if (given && *given) refused_for = parse_duration(**given);
  if (!given || !refused_for || *refused_for > longest_refusal) {
    co_return refusal(400, "`for` must be a duration like 60s, at most 24h");
  }
  const std::string& id = asked.parameters[0];
  if (!server->disconnect(id, *refused_for)) co_return no_such_client();
  co_await note_change(server, "disconnect client", id, author(asked));
  co_return success([&](json_writer& json) {
    json.begin_object().member("client_id", id).member("action", "disconnected").end_object();
  });
}

awaitable<response> drain_client(server_view* server, request asked) {
  return set_draining(server, std::move(asked), true);
}

awaitable<response> undrain_client(server_view* server, request asked) {
  return set_draining(server, std::move(asked), false);
}

}  // namespace frpx::api
