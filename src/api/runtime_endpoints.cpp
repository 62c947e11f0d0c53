#include "api/runtime_endpoints.hpp"

#include "api/audit.hpp"
#include "api/envelope.hpp"
#include "api/json_fields.hpp"
#include "core/log_level.hpp"

namespace frpx::api {
namespace {

using boost::asio::awaitable;
using http::refusal;
using http::request;
using http::response;

response level_answer() {
  return success([](json_writer& json) {
    json.begin_object().member("level", log::to_string(log::lowest_level())).end_object();
  });
}

void write_names(json_writer& json, std::string_view name, const std::vector<std::string>& all) {
  json.key(name).begin_array();
  for (const std::string& each : all) json.value(each);
  json.end_array();
}

}  // namespace

response show_log_level(server_view&, const request&) {
  return level_answer();
}

awaitable<response> set_log_level(server_view* server, request asked) {
  json_fields fields(asked.body);
  const std::string word = fields.text("level").value_or("");
  if (const auto problem = fields.problem()) co_return refusal(400, *problem);
  const auto level = log::parse_level(word);
  if (!level) co_return refusal(400, "`level` must be trace, debug, info, warn, error or off");
  log::set_lowest_level(*level);
  co_await note_change(server, "set log level", word, author(asked));
  server->events().tell("log.level", [&](json_writer& json) { json.member("level", word); });
  co_return level_answer();
}

awaitable<response> reload(server_view* server, request asked) {
  const auto done = co_await server->reload();
  if (!done) co_return refusal(503, "The configuration could not be read in time");
  if (!done->problem.empty()) co_return refusal(409, done->problem);
  co_await note_change(server, "reload", {}, author(asked));
  co_return success([&](json_writer& json) {
    json.begin_object();
    write_names(json, "applied", done->applied);
    write_names(json, "needs_restart", done->needs_restart);
    json.end_object();
  });
}

}  // namespace frpx::api
