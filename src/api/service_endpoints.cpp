#include "api/service_endpoints.hpp"

#include <algorithm>
#include <charconv>

#include "api/audit.hpp"
#include "api/envelope.hpp"
#include "api/lists.hpp"
#include "core/names.hpp"
#include "ports/errc.hpp"

namespace frpx::api {
namespace {

using boost::asio::awaitable;
using http::refusal;
using http::request;
using http::response;

void write_text_or_null(json_writer& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void write_names(json_writer& json, const service_info& of) {
  json.member("account", of.account).member("kind", to_string(of.kind));
  json.member("outer_port", of.outer_port);
}

void write_service(json_writer& json, const service_info& of) {
  json.begin_object().member("name", of.name);
  write_names(json, of);
  json.key("clients").begin_array();
  for (const std::string& each : of.clients) json.value(each);
  json.end_array();
  write_text_or_null(json, "group", of.group);
  json.member("visitors", of.visitors).member("bytes_in", of.bytes_in);
  json.member("bytes_out", of.bytes_out);
  json.member("opened_at", to_rfc3339(of.opened_at)).end_object();
}

void write_tunnel(json_writer& json, const service_info& of, std::string_view client) {
  json.begin_object().member("service", of.name).member("client_id", client);
  write_names(json, of);
  json.member("visitors", of.visitors);
  write_text_or_null(json, "local_address", of.local_address);
  json.member("opened_at", to_rfc3339(of.opened_at)).end_object();
}

void write_lease(json_writer& json, const ports::lease& row) {
  json.begin_object().member("name", row.proxy).member("account", row.user);
  json.member("kind", ports::to_string(row.over));
  json.member("outer_port", row.port).member("since", to_rfc3339(row.created));
  json.member("last_used", to_rfc3339(row.used)).end_object();
}

// The name of the lease that is meant: a name, or a port.
std::string name_of(server_view& server, const std::string& which) {
  std::uint16_t port = 0;
  const char* const end = which.data() + which.size();
  const auto [read, failed] = std::from_chars(which.data(), end, port);
  if (failed != std::errc() || read != end) return which;
  const auto all = server.leases();
  const bool is_a_name = std::any_of(all.begin(), all.end(),
                                     [&](const ports::lease& row) { return row.proxy == which; });
  if (is_a_name) return which;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const ports::lease& row) { return row.port == port; });
  return found == all.end() ? which : found->proxy;
}

}  // namespace

awaitable<response> list_services(server_view* server, request asked) {
  co_return listed_rows(asked, co_await server->services(), write_service);
}

awaitable<response> list_tunnels(server_view* server, request asked) {
  struct tunnel {
    const service_info& of;
    std::string_view client;
  };
  const auto services = co_await server->services();
  std::vector<tunnel> all;
  for (const service_info& each : services) {
    for (const std::string& client : each.clients) all.push_back({each, client});
  }
  co_return listed_rows(asked, all, [](json_writer& json, const tunnel& each) {
    write_tunnel(json, each.of, each.client);
  });
}

response list_leases(server_view& server, const request& asked) {
  return listed_rows(asked, server.leases(), write_lease);
}

awaitable<response> release_lease(server_view* server, request asked) {
  const std::string name = name_of(*server, asked.parameters[0]);
  if (!is_plain_text(name)) co_return refusal(400, "Not the name of a lease");
  const auto released = co_await server->release_lease(name);
  if (!released && released.error() == ports::errc::unknown_proxy) {
    co_return refusal(404, "There is no lease for that");
  }
  if (!released) co_return refusal(503, "The leases' store does not answer");
  co_await note_change(server, "release lease", name, author(asked));
  server->events().tell("lease.released", [&](json_writer& json) {
    json.member("name", name).member("outer_port", released->port);
  });
  co_return success([&](json_writer& json) { write_lease(json, *released); });
}

}  // namespace frpx::api
