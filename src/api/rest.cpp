#include "api/rest.hpp"

#include "api/account_endpoints.hpp"
#include "api/audit.hpp"
#include "api/client_endpoints.hpp"
#include "api/metrics_endpoint.hpp"
#include "api/openapi.hpp"
#include "api/runtime_endpoints.hpp"
#include "api/server_endpoints.hpp"
#include "api/service_endpoints.hpp"
#include "api/session_endpoints.hpp"
#include "api/traffic.hpp"
#include "api/usage_endpoint.hpp"

namespace frpx::api {
namespace {

using http::request;
using http::response;

http::handler at_once(server_view& server, response (*answer)(server_view&, const request&)) {
  return [&server, answer](request asked) { return http::ready(answer(server, asked)); };
}

http::handler later(server_view& server, boost::asio::awaitable<response> (*answer)(server_view*)) {
  return [&server, answer](request) { return answer(&server); };
}

http::handler later(server_view& server,
                    boost::asio::awaitable<response> (*answer)(server_view*, request)) {
  return [&server, answer](request asked) { return answer(&server, std::move(asked)); };
}

http::response document() {
  response answer;
  answer.body = openapi_document();
  return answer;
}

}  // namespace

std::vector<http::route> rest_routes(server_view& server) {
  return {
      {"GET", "/api/clients", at_once(server, list_clients)},
      {"GET", "/api/clients/{id}", at_once(server, show_client)},
      {"DELETE", "/api/clients/{id}", later(server, disconnect_client)},
      {"POST", "/api/clients/{id}/drain", later(server, drain_client)},
      {"POST", "/api/clients/{id}/undrain", later(server, undrain_client)},
      {"GET", "/api/clients/{id}/status", at_once(server, client_status)},
      {"GET", "/api/clients/{id}/heartbeat", at_once(server, client_heartbeat)},
      {"GET", "/api/clients/{id}/models", at_once(server, client_models)},
      {"GET", "/api/models", at_once(server, all_models)},
      {"GET", "/api/models/unserved", at_once(server, unserved_models)},
      {"GET", "/api/monitoring", at_once(server, all_monitoring)},
      {"GET", "/api/monitoring/{id}", at_once(server, client_monitoring)},
      {"GET", "/api/health", at_once(server, health)},
      {"GET", "/api/stats", at_once(server, stats)},
      {"GET", "/api/connections", at_once(server, connections)},
      {"GET", "/api/connections/pending", later(server, pending_connections)},
      {"GET", "/api/config", at_once(server, ports)},
      {"GET", "/api/ports", at_once(server, ports)},
      {"GET", "/api/users", later(server, list_users)},
      {"POST", "/api/users", later(server, make_user)},
      {"GET", "/api/users/{email}", later(server, show_user)},
      {"PATCH", "/api/users/{email}", later(server, change_user)},
      {"DELETE", "/api/users/{email}", later(server, remove_user)},
      {"GET", "/api/tokens", later(server, list_tokens)},
      {"DELETE", "/api/tokens/{id}", later(server, revoke_token)},
      {"GET", "/api/tokens/active", later(server, active_tokens)},
      {"GET", "/api/client-ids", later(server, list_client_ids)},
      {"DELETE", "/api/client-ids/{id}", later(server, forget_client_id)},
      {"GET", "/api/audit", later(server, list_audit)},
      {"GET", session_path, at_once(server, show_session)},
      {"POST", session_path, later(server, log_in)},
      {"DELETE", session_path, later(server, log_out)},
      {"GET", "/api/events",
       [&server](request asked) {
         return http::ready(listen_to_events(server.events(), server.logins(), asked));
       }},
      {"GET", "/api/services", later(server, list_services)},
      {"GET", "/api/tunnels", later(server, list_tunnels)},
      {"GET", "/api/leases", at_once(server, list_leases)},
      {"DELETE", "/api/leases/{name}", later(server, release_lease)},
      {"GET", "/api/traffic", at_once(server, traffic)},
      {"GET", "/api/log-level", at_once(server, show_log_level)},
      {"PUT", "/api/log-level", later(server, set_log_level)},
      {"POST", "/api/reload", later(server, reload)},
      {"GET", "/api/usage", later(server, usage)},
      {"GET", "/api/keys", later(server, list_keys)},
      {"POST", "/api/keys", later(server, make_key)},
      {"PATCH", "/api/keys/{id}", later(server, change_key)},
      {"DELETE", "/api/keys/{id}", later(server, revoke_key)},
      {"GET", "/api/openapi.json", [](request) { return http::ready(document()); }},
      {"GET", "/metrics", later(server, metrics)},
  };
}

http::handler make_rest_api(server_view& server, access_rules rules) {
  return admitted(server, std::move(rules), http::router(rest_routes(server)));
}

}  // namespace frpx::api
