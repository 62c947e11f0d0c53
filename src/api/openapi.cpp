#include "api/openapi.hpp"

#include <array>

#include "core/json_writer.hpp"

namespace frpx::api {
namespace {

struct parameter {
  std::string_view name;
  std::string_view what;
};

// What stands in the place of `{...}` in a path is found there.
struct operation {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  std::string_view data;       // the schema of the envelope's `data`; empty: no envelope
  std::string_view body = {};  // the schema of the request's; empty: none
  std::array<parameter, 3> query = {};
};

constexpr std::string_view ports = R"({"$ref":"#/components/schemas/ports"})";
constexpr std::string_view models =
    R"({"type":"array","items":{"$ref":"#/components/schemas/model"}})";
constexpr std::string_view draining =
    R"({"type":"object","required":["client_id","draining"],"properties":{
        "client_id":{"type":"string"},"draining":{"type":"boolean"}}})";
constexpr std::string_view log_level =
    R"({"type":"object","required":["level"],"properties":{"level":{"type":"string",
        "enum":["trace","debug","info","warn","error","off"]}}})";

// Those of one path stand together.
constexpr operation operations[] = {
    {"get", "/api/clients", "All connected clients",
     R"({"type":"array","items":{"$ref":"#/components/schemas/client"}})"},
    {"get", "/api/clients/{id}", "One client", R"({"$ref":"#/components/schemas/client"})"},
    {"delete",
     "/api/clients/{id}",
     "Disconnects a client and refuses its id for a while",
     R"({"type":"object","required":["client_id","action"],"properties":{
         "client_id":{"type":"string"},"action":{"type":"string","enum":["disconnected"]}}})",
     {},
     {{{"for", "How long, like 60s; at most 24h"}}}},
    {"post", "/api/clients/{id}/drain", "Gives a client no new requests", draining},
    {"post", "/api/clients/{id}/undrain", "Gives a client requests again", draining},
    {"get", "/api/clients/{id}/status", "Whether a client is connected; no 404",
     R"({"type":"object","required":["client_id","connected"],"properties":{
         "client_id":{"type":"string"},"connected":{"type":"boolean"},
         "authenticated":{"type":"boolean"},"connected_at":{"type":"string"},
         "last_heartbeat_seconds_ago":{"type":"integer"}}})"},
    {"get", "/api/clients/{id}/heartbeat", "When a client reported last",
     R"({"type":"object","required":["client_id","status"],"properties":{
         "client_id":{"type":"string"},"last_heartbeat_seconds_ago":{"type":"integer"},
         "status":{"type":"string","enum":["healthy","stale","no_data"]}}})"},
    {"get", "/api/clients/{id}/models", "The models of a client", models},
    {"get", "/api/models", "The models of each client that reported",
     R"({"type":"object","additionalProperties":{"type":"array",
         "items":{"$ref":"#/components/schemas/model"}}})"},
    {"get", "/api/models/unserved", "Models that were asked for and that no client has",
     R"({"type":"array","items":{"type":"object","required":["model","requests","first_asked",
         "last_asked"],"properties":{"model":{"type":"string"},"requests":{"type":"integer"},
         "first_asked":{"type":"string"},"last_asked":{"type":"string"}}}})"},
    {"get", "/api/monitoring", "The machines of all clients that reported",
     R"({"type":"array","items":{"$ref":"#/components/schemas/machine"}})"},
    {"get", "/api/monitoring/{id}", "The machine of a client",
     R"({"$ref":"#/components/schemas/machine"})"},
    {"get", "/api/health", "How the server and what it leans on fare",
     R"({"type":"object","required":["status","timestamp","uptime_seconds","database","cache",
         "clients"],"properties":{"status":{"type":"string","enum":["healthy","degraded"]},
         "timestamp":{"type":"string"},"uptime_seconds":{"type":"integer"},
         "database":{"$ref":"#/components/schemas/part"},
         "cache":{"$ref":"#/components/schemas/part"},
         "clients":{"$ref":"#/components/schemas/part"}}})"},
    {"get", "/api/stats", "Counts of clients and connections",
     R"({"type":"object","required":["active_clients","pending_connections","total_connections",
         "waiting_requests","uptime_seconds"],"properties":{"active_clients":{"type":"integer"},
         "pending_connections":{"type":"integer"},"total_connections":{"type":"integer"},
         "waiting_requests":{"type":"integer"},
         "uptime_seconds":{"type":"integer"}}})"},
    {"get", "/api/connections", "Who is connected",
     R"({"type":"object","required":["active_clients","pending_connections","client_ids"],
         "properties":{"active_clients":{"type":"integer"},
         "pending_connections":{"type":"integer"},
         "client_ids":{"type":"array","items":{"type":"string"}}}})"},
    {"get", "/api/connections/pending", "Streams asked of a client that have not come",
     R"({"type":"object","required":["count","connection_ids"],"properties":{
         "count":{"type":"integer"},
         "connection_ids":{"type":"array","items":{"type":"string"}}}})"},
    {"get", "/api/config", "The ports that are bound", ports},
    {"get", "/api/ports", "The ports that are bound", ports},
    {"get",
     "/api/users",
     "The e-mail addresses of all users, or all of each user",
     R"({"type":"array","items":{"type":["string","object"],
         "required":["id","email","role","ports","leases","created"],"properties":{
         "id":{"type":"string"},"email":{"type":"string"},
         "role":{"$ref":"#/components/schemas/role"},"ports":{"type":"string"},
         "leases":{"type":["integer","null"]},
         "created":{"type":"string"}}}})",
     {},
     {{{"details", "true: all of each user"}}}},
    {"post", "/api/users", "Makes a user",
     R"({"type":"object","required":["id","email","role"],"properties":{
         "id":{"type":"string"},"email":{"type":"string"},
         "role":{"$ref":"#/components/schemas/role"}}})",
     R"({"type":"object","required":["email","password"],"properties":{
         "email":{"type":"string"},"password":{"type":"string"},
         "role":{"$ref":"#/components/schemas/role"},"ports":{"type":"string"}}})"},
    {"get", "/api/users/{email}", "A user",
     R"({"type":"object","required":["id","email","role","ports","leases","created"],"properties":{
         "id":{"type":"string"},"email":{"type":"string"},
         "role":{"$ref":"#/components/schemas/role"},"ports":{"type":"string"},
         "leases":{"type":["integer","null"]},
         "created":{"type":"string"}}})"},
    {"patch", "/api/users/{email}", "Changes a user's role, outer ports or password",
     R"({"type":"object","required":["email"],"properties":{
         "email":{"type":"string"},"role":{"$ref":"#/components/schemas/role"},
         "ports":{"type":"string"},"leases":{"type":["integer","null"]}}})",
     R"({"type":"object","properties":{"password":{"type":"string"},
         "role":{"$ref":"#/components/schemas/role"},"ports":{"type":"string"},
         "leases":{"type":["integer","null"]}}})"},
    {"delete", "/api/users/{email}", "Removes a user, its tokens, and revokes its keys",
     R"({"type":"object","required":["email"],"properties":{"email":{"type":"string"}}})"},
    {"get", "/api/tokens", "All tokens",
     R"({"type":"array","items":{"$ref":"#/components/schemas/token"}})"},
    {"delete", "/api/tokens/{id}", "Revokes a token; its client is disconnected",
     R"({"type":"object","required":["id","client","status"],"properties":{
         "id":{"type":"string"},"client":{"type":"string"},
         "status":{"type":"string","enum":["revoked"]}}})"},
    {"get", "/api/tokens/active", "The tokens that let a client in",
     R"({"type":"object","required":["active_token_count","tokens"],"properties":{
         "active_token_count":{"type":"integer"},"tokens":{"type":"array","items":{
         "type":"object","required":["token_prefix","email"],"properties":{
         "token_prefix":{"type":"string"},"email":{"type":"string"}}}}}})"},
    {"get", "/api/client-ids", "Client ids, and whose they are",
     R"({"type":"array","items":{"type":"object",
         "required":["client_id","user","since","last_seen"],"properties":{
         "client_id":{"type":"string"},"user":{"type":"string"},
         "since":{"type":"string"},"last_seen":{"type":"string"}}}})"},
    {"delete", "/api/client-ids/{id}", "Frees a client id for the next user who brings it",
     R"({"type":"object","required":["client_id","user"],"properties":{
         "client_id":{"type":"string"},"user":{"type":"string"}}})"},
    {"get", "/api/keys", "All API keys",
     R"({"type":"array","items":{"$ref":"#/components/schemas/key"}})"},
    {"post", "/api/keys", "Makes an API key, which is shown this once",
     R"({"type":"object","required":["id","key","name"],"properties":{
         "id":{"type":"string"},"key":{"type":"string"},"name":{"type":"string"},
         "expires":{"type":"string"}}})",
     R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},
         "user":{"type":"string"},"expires":{"type":["string","null"]},
         "rpm":{"type":["integer","null"]},"max_inflight":{"type":["integer","null"]},
         "models":{"type":["array","null"],"items":{"type":"string"}},
         "clients":{"type":["array","null"],"items":{"type":"string"}}}})"},
    {"patch", "/api/keys/{id}", "Changes the limits of an API key, and when it expires",
     R"({"type":"object","required":["id","name","expires","limits"],"properties":{
         "id":{"type":"string"},"name":{"type":"string"},"expires":{"type":["string","null"]},
         "limits":{"$ref":"#/components/schemas/limits"}}})",
     R"({"type":"object","properties":{"expires":{"type":["string","null"]},
         "rpm":{"type":["integer","null"]},"max_inflight":{"type":["integer","null"]},
         "models":{"type":["array","null"],"items":{"type":"string"}},
         "clients":{"type":["array","null"],"items":{"type":"string"}}}})"},
    {"delete", "/api/keys/{id}", "Revokes an API key",
     R"({"type":"object","required":["id","name","status"],"properties":{
         "id":{"type":"string"},"name":{"type":"string"},
         "status":{"type":"string","enum":["revoked"]}}})"},
    {"get",
     "/api/usage",
     "What requests came to, by key, client or model",
     R"({"type":"array","items":{"$ref":"#/components/schemas/usage"}})",
     {},
     {{{"by", "key, client or model"},
       {"from", "A day, a time, or how long ago"},
       {"to", "The same"}}}},
    {"get",
     "/api/audit",
     "Who changed what, newest first",
     R"({"type":"array","items":{"$ref":"#/components/schemas/audit"}})",
     {},
     {{{"limit", "How many, 1 to 1000"}, {"before", "Only those with a lower id"}}}},
    {"get", "/api/session", "As whom a request is let in",
     R"({"type":"object","required":["role","email","how"],"properties":{
         "role":{"$ref":"#/components/schemas/role"},"email":{"type":["string","null"]},
         "how":{"type":"string","enum":["loopback","api-token","login"]}}})"},
    {"post", "/api/session", "Logs a viewer or an admin in",
     R"({"type":"object","required":["token","role","email","expires_at"],"properties":{
         "token":{"type":"string"},"role":{"$ref":"#/components/schemas/role"},
         "email":{"type":"string"},"expires_at":{"type":"string"}}})",
     R"({"type":"object","required":["email","password"],"properties":{
         "email":{"type":"string"},"password":{"type":"string"}}})"},
    {"delete", "/api/session", "Logs out",
     R"({"type":"object","required":["status"],"properties":{
         "status":{"type":"string","enum":["logged out"]}}})"},
    {"get", "/api/services", "What the clients expose",
     R"({"type":"array","items":{"$ref":"#/components/schemas/service"}})"},
    {"get", "/api/tunnels", "The same, by client",
     R"({"type":"array","items":{"$ref":"#/components/schemas/tunnel"}})"},
    {"get", "/api/leases", "Ports that were promised",
     R"({"type":"array","items":{"$ref":"#/components/schemas/lease"}})"},
    {"delete", "/api/leases/{name}", "Takes a promise back, by its name or its port",
     R"({"$ref":"#/components/schemas/lease"})"},
    {"get", "/api/traffic", "The last 15 minutes",
     R"({"type":"object","required":["interval_seconds","samples"],"properties":{
         "interval_seconds":{"type":"integer"},"samples":{"type":"array",
         "items":{"$ref":"#/components/schemas/sample"}}}})"},
    {"get", "/api/log-level", "How much the log tells", log_level},
    {"put", "/api/log-level", "Has the log tell more, or less", log_level, log_level},
    {"post", "/api/reload", "Reads the configuration anew",
     R"({"type":"object","required":["applied","needs_restart"],"properties":{
         "applied":{"type":"array","items":{"type":"string"}},
         "needs_restart":{"type":"array","items":{"type":"string"}}}})"},
    {"get", "/api/events", "What happens, as server-sent events", {}},
    {"get", "/api/openapi.json", "This document", {}},
    {"get", "/metrics", "The server's figures for Prometheus", {}},
};

constexpr std::string_view schemas = R"({
"role":{"type":"string","enum":["client","viewer","admin"]},
"model":{"type":"object","required":["id","object","created","owned_by"],"properties":{
  "id":{"type":"string"},"object":{"type":"string"},"created":{"type":"integer"},
  "owned_by":{"type":"string"}}},
"client":{"type":"object","required":["client_id","authed","system_info","connected_at","user",
  "address","computer_name","inflight","max_inflight","weight","draining","set_aside","requests",
  "models","models_left_out"],"properties":{"client_id":{"type":"string"},"authed":{"type":"boolean"},
  "system_info":{"type":["object","null"],"required":["cpu_usage","memory_usage","disk_usage",
  "computer_name","last_heartbeat","heartbeat_seconds_ago"],"properties":{
  "cpu_usage":{"type":"number"},"memory_usage":{"type":"number"},"disk_usage":{"type":"number"},
  "computer_name":{"type":"string"},"last_heartbeat":{"type":"string"},
  "heartbeat_seconds_ago":{"type":"integer"}}},"connected_at":{"type":"string"},
  "user":{"type":"string"},"address":{"type":"string"},
  "computer_name":{"type":["string","null"]},"inflight":{"type":"integer"},
  "max_inflight":{"type":["integer","null"]},"weight":{"type":"integer"},
  "draining":{"type":"boolean"},"set_aside":{"type":"boolean"},"requests":{"type":"integer"},
  "models":{"type":"array","items":{"type":"string"}},"models_left_out":{"type":"integer"}}},
"machine":{"type":"object","required":["client_id","cpu_usage","memory_usage","disk_usage",
  "computer_name","last_heartbeat","heartbeat_seconds_ago"],"properties":{
  "client_id":{"type":"string"},"cpu_usage":{"type":"number"},"memory_usage":{"type":"number"},
  "disk_usage":{"type":"number"},"computer_name":{"type":"string"},
  "last_heartbeat":{"type":"string"},"heartbeat_seconds_ago":{"type":"integer"}}},
"part":{"type":"object","required":["state","since"],"properties":{
  "state":{"type":"string","enum":["up","down","none"]},"since":{"type":"string"}}},
"ports":{"type":"object","required":["control_port","proxy_port","public_port","api_port"],
  "properties":{"control_port":{"type":"integer"},"proxy_port":{"type":"integer"},
  "public_port":{"type":"integer"},"api_port":{"type":"integer"}}},
"limits":{"type":"object","properties":{"rpm":{"type":["integer","null"]},
  "max_inflight":{"type":["integer","null"]},
  "models":{"type":["array","null"],"items":{"type":"string"}},
  "clients":{"type":["array","null"],"items":{"type":"string"}}}},
"key":{"type":"object","required":["id","name","owner","status","created","expires","last_used",
  "limits"],"properties":{"id":{"type":"string"},"name":{"type":"string"},
  "owner":{"type":["string","null"]},"status":{"type":"string",
  "enum":["active","expired","revoked"]},"created":{"type":"string"},
  "expires":{"type":["string","null"]},"last_used":{"type":["string","null"]},
  "limits":{"$ref":"#/components/schemas/limits"}}},
"token":{"type":"object","required":["id","user","client","status","issued","expires",
  "last_used"],"properties":{"id":{"type":"string"},"user":{"type":"string"},
  "client":{"type":["string","null"]},"status":{"type":"string",
  "enum":["active","expired","revoked"]},"issued":{"type":"string"},"expires":{"type":"string"},
  "last_used":{"type":["string","null"]}}},
"usage":{"type":"object","required":["requests","errors","bytes_in","bytes_out","prompt_tokens",
  "completion_tokens"],"properties":{"key_id":{"type":"string"},"key_name":{"type":"string"},
  "client_id":{"type":"string"},"model":{"type":"string"},"requests":{"type":"integer"},
  "errors":{"type":"integer"},"bytes_in":{"type":"integer"},"bytes_out":{"type":"integer"},
  "prompt_tokens":{"type":"integer"},"completion_tokens":{"type":"integer"}}},
"kind":{"type":"string","enum":["http","tcp","udp"]},
"service":{"type":"object","required":["name","account","kind","outer_port","clients","group",
  "visitors","bytes_in","bytes_out","opened_at"],"properties":{"name":{"type":"string"},
  "account":{"type":"string"},"kind":{"$ref":"#/components/schemas/kind"},
  "outer_port":{"type":"integer"},"clients":{"type":"array","items":{"type":"string"}},
  "group":{"type":["string","null"]},"visitors":{"type":"integer"},
  "bytes_in":{"type":"integer"},"bytes_out":{"type":"integer"},
  "opened_at":{"type":"string"}}},
"tunnel":{"type":"object","required":["service","account","client_id","kind","outer_port",
  "visitors","local_address","opened_at"],"properties":{"service":{"type":"string"},
  "account":{"type":"string"},"client_id":{"type":"string"},
  "kind":{"$ref":"#/components/schemas/kind"},"outer_port":{"type":"integer"},
  "visitors":{"type":"integer"},"local_address":{"type":["string","null"]},
  "opened_at":{"type":"string"}}},
"lease":{"type":"object","required":["name","account","kind","outer_port","since","last_used"],
  "properties":{"name":{"type":"string"},"account":{"type":"string"},"kind":{"type":"string","enum":["tcp","udp"]},
  "outer_port":{"type":"integer"},"since":{"type":"string"},"last_used":{"type":"string"}}},
"sample":{"type":"object","required":["at","requests","errors","bytes_in","bytes_out","p50_ms",
  "p99_ms","inflight","active_clients"],"properties":{"at":{"type":"string"},
  "requests":{"type":"integer"},"errors":{"type":"integer"},"bytes_in":{"type":"integer"},
  "bytes_out":{"type":"integer"},"p50_ms":{"type":["number","null"]},
  "p99_ms":{"type":["number","null"]},"inflight":{"type":"integer"},
  "active_clients":{"type":"integer"}}},
"audit":{"type":"object","required":["id","at","who","from","action","what","outcome"],
  "properties":{"id":{"type":"integer"},"at":{"type":"string"},"who":{"type":"string"},
  "from":{"type":"string"},"action":{"type":"string"},"what":{"type":"string"},
  "outcome":{"type":"string"}}},
"refusal":{"type":"object","required":["success","data","message","timestamp"],"properties":{
  "success":{"type":"boolean","enum":[false]},"data":{"type":"null"},
  "message":{"type":"string"},"timestamp":{"type":"string"}}}})";

void write_parameter(json_writer& json, std::string_view in, std::string_view name,
                     std::string_view what) {
  json.begin_object().member("name", name).member("in", in).member("required", in == "path");
  if (!what.empty()) json.member("description", what);
  json.key("schema").raw(R"({"type":"string"})").end_object();
}

void write_parameters(json_writer& json, const operation& of) {
  json.key("parameters").begin_array();
  std::string_view path = of.path;
  for (auto open = path.find('{'); open != path.npos; open = path.find('{')) {
    const auto close = path.find('}');
    write_parameter(json, "path", path.substr(open + 1, close - open - 1), {});
    path.remove_prefix(close + 1);
  }
  for (const parameter& each : of.query) {
    if (!each.name.empty()) write_parameter(json, "query", each.name, each.what);
  }
  json.end_array();
}

void write_content(json_writer& json, std::string_view type, std::string_view schema) {
  json.key("content").begin_object().key(type).begin_object();
  json.key("schema").raw(schema).end_object().end_object();
}

void write_answers(json_writer& json, const operation& of) {
  json.key("responses").begin_object();
  json.key("200").begin_object().member("description", of.summary);
  if (of.path == "/metrics") {
    write_content(json, "text/plain", R"({"type":"string"})");
  } else if (of.path == "/api/events") {
    write_content(json, "text/event-stream", R"({"type":"string"})");
  } else if (of.data.empty()) {
    write_content(json, "application/json", R"({"type":"object"})");
  } else {
    const std::string envelope =
        R"({"type":"object","required":["success","data","message","timestamp"],"properties":{)"
        R"("success":{"type":"boolean","enum":[true]},"data":)" +
        std::string(of.data) + R"(,"message":{"type":"string"},"timestamp":{"type":"string"}}})";
    write_content(json, "application/json", envelope);
  }
  json.end_object();
  json.key("default").begin_object().member("description", "It is refused; `message` says why");
  write_content(json, "application/json", R"({"$ref":"#/components/schemas/refusal"})");
  json.end_object().end_object();
}

void write_operation(json_writer& json, const operation& of) {
  json.key(of.method).begin_object().member("summary", of.summary);
  write_parameters(json, of);
  if (!of.body.empty()) {
    json.key("requestBody").begin_object().member("required", true);
    write_content(json, "application/json", of.body);
    json.end_object();
  }
  write_answers(json, of);
  json.end_object();
}

}  // namespace

std::string openapi_document() {
  std::string text;
  json_writer json(text);
  json.begin_object().member("openapi", "3.1.0");
  json.key("info").begin_object().member("title", "frpx").member("version", FRPX_VERSION);
  json.end_object().key("paths").begin_object();
  std::string_view path;
  for (const operation& each : operations) {
    if (each.path != path) {
      if (!path.empty()) json.end_object();
      json.key(each.path).begin_object();
      path = each.path;
    }
    write_operation(json, each);
  }
  json.end_object().end_object();
  json.key("components").begin_object().key("schemas").raw(schemas);
  json.key("securitySchemes").raw(R"({"token":{"type":"http","scheme":"bearer"}})").end_object();
  json.key("security").raw(R"([{},{"token":[]}])").end_object();
  return text;
}

}  // namespace frpx::api
