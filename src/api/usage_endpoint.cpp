#include "api/usage_endpoint.hpp"

#include <utility>

#include "api/lists.hpp"
#include "core/moment.hpp"
#include "http/uri.hpp"

namespace frpx::api {
namespace {

using http::refusal;
using http::request;
using http::response;

constexpr std::string_view usual_from = "30d";
constexpr std::string_view usual_to = "0";

constexpr std::pair<std::string_view, usage_by> groupings[] = {
    {"key", usage_by::key}, {"client", usage_by::client}, {"model", usage_by::model}};

// Nothing for a parameter that is no time.
std::optional<wall_time> time_of(std::string_view query, std::string_view name,
                                 std::string_view usual, wall_time now) {
  const auto given = http::query_value(query, name);
  if (!given) return std::nullopt;
  return parse_moment(*given ? std::string_view(**given) : usual, now);
}

std::optional<usage_by> grouping_of(std::string_view query) {
  const auto given = http::query_value(query, "by");
  if (!given) return std::nullopt;
  if (!*given) return usage_by::key;
  for (const auto& [name, by] : groupings) {
    if (**given == name) return by;
  }
  return std::nullopt;
}

void write_sum(json_writer& json, usage_by by, const usage_sum& sum) {
  json.begin_object();
  switch (by) {
    case usage_by::key:
      json.member("key_id", sum.id).member("key_name", sum.name);
      break;
    case usage_by::client:
      json.member("client_id", sum.id);
      break;
    case usage_by::model:
      json.member("model", sum.id);
      break;
  }
  json.member("requests", sum.requests)
      .member("errors", sum.errors)
      .member("bytes_in", sum.bytes_in)
      .member("bytes_out", sum.bytes_out)
      .member("prompt_tokens", sum.prompt_tokens)
      .member("completion_tokens", sum.completion_tokens)
      .end_object();
}

}  // namespace

boost::asio::awaitable<response> usage(server_view* server, request asked) {
  static constexpr std::string_view own[] = {"by", "from", "to"};
  const std::string_view query = asked.head->query;
  const wall_time now = wall_clock::now();
  const auto by = grouping_of(query);
  if (!by) co_return refusal(400, "`by` must be key, client or model");
  const auto from = time_of(query, "from", usual_from, now);
  const auto to = time_of(query, "to", usual_to, now);
  if (!from || !to) {
    co_return refusal(400, "`from` and `to` must be days or times like 2026-11-20, or 24h for ago");
  }
  const auto sums = co_await server->usage(*by, *from, *to);
  if (!sums) co_return refusal(503, "The database does not answer: " + sums.error().message());
  co_return listed_rows(
      asked, *sums, [&](json_writer& json, const usage_sum& each) { write_sum(json, *by, each); },
      own);
}

}  // namespace frpx::api
