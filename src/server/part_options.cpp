#include "server/part_options.hpp"

#include <algorithm>
#include <optional>

#include "server/server.hpp"

namespace frpx::server {

namespace asio = boost::asio;

namespace {

std::optional<std::vector<std::string>> repeatable_paths(std::string_view given) {
  if (given.empty()) return std::nullopt;
  std::vector<std::string> paths;
  while (!given.empty() && given != "none") {
    paths.emplace_back(given.substr(0, given.find(',')));
    given.remove_prefix(std::min(given.size(), paths.back().size() + 1));
  }
  return paths;
}

}  // namespace

identity::key_checker_options key_options(const config::frps_options& from,
                                          const store::store& store, cache::redis_cache* shared) {
  const bool is_embedded = !store.is_remote();
  return {.fixed_key = from.api_key,
          .fixed_rule = is_embedded ? identity::fixed_key_rule::always
                                    : identity::fixed_key_rule::while_store_is_away,
          .shared = shared,
          .grace = from.key_grace};
}

std::size_t blocking_threads(const config::frps_options& from, const store::store& store) {
  constexpr std::size_t usual = 4;
  if (!store.is_remote()) return usual;
  return std::clamp<std::size_t>(from.database_pool, usual, 64);
}

ports::ranges outer_ranges(const config::frps_options& from) {
  if (from.outer_ports.text.empty()) return {};
  std::string problem;
  auto read = ports::ranges::parse(from.outer_ports.text, problem);
  if (!read) throw start_error("--outer-ports: " + problem);
  return std::move(*read);
}

balance::policy policy_of(const config::frps_options& from) {
  if (!from.sticky.empty()) return balance::policy::sticky;
  return balance::policy_named(from.policy).value_or(balance::policy::random);
}

gateway::options gateway_options(const config::frps_options& from, const capacity& most) {
  const auto& late = from.deadlines;
  gateway::options to;
  to.request_head = late.request_head;
  to.body_stall = late.body_stall;
  to.stream = late.stream;
  to.stream_total = late.stream_total;
  to.confirmation = late.confirmation;
  to.response_head = late.response_head;
  to.response_stall = late.response_stall;
  to.idle_visitor = late.idle_visitor;
  to.idle_stream = late.idle_stream;
  to.key_check = late.key_check;
  to.most_visitors = most.visitors;
  to.repeatable_paths = repeatable_paths(from.retry);
  to.choosing.policy = policy_of(from);
  to.choosing.any_for_unknown_model = from.unknown_model == "any";
  to.choosing.health.failures = from.set_aside_after;
  to.choosing.health.longest_pause = from.set_aside_most;
  if (to.choosing.policy == balance::policy::sticky) {
    to.sticky = gateway::parse_sticky(from.sticky.empty() ? "key" : from.sticky);
  }
  to.most_waiting = from.queue;
  to.longest_wait = from.queue_timeout;
  to.access_log = from.access_log;
  to.head = {.head = from.max_head, .fields = from.max_fields, .target = from.max_target};
  if (from.max_body != 0) to.most_body = from.max_body;
  to.most_model_body = from.max_model_body;
  to.held_together = model_body_memory(from);
  to.trusted_proxies = networks::parse(from.trusted_proxies.text).value_or(networks());
  to.h2_streams = from.h2_streams;
  to.half_close = from.half_close;
  to.hides_clients = from.hide_clients;
  return to;
}

tunnel::outer_ports::options tunnel_options(const config::frps_options& from) {
  const auto& late = from.deadlines;
  return {.allowed = outer_ranges(from),
          .bind = from.bind,
          .by = balance::policy_named(from.group_policy).value_or(balance::policy::random),
          .tcp = {late.stream, late.stream_total, late.confirmation},
          .udp = {.idle = late.udp_idle, .stream = late.stream}};
}

tunnel::frpx_dialect::options dialect_options(const config::frps_options& from) {
  return {.first_frame = from.deadlines.first_frame,
          .login = from.deadlines.login,
          .client_silence = from.deadlines.client_silence,
          .public_client_silence = from.deadlines.public_client_silence,
          .most_pending = from.max_pending,
          .offers_links = !from.no_link,
          .link_credit = quarter_of_memory(),
          .most_ports = from.max_leases,
          .move_after = from.move_after};
}

api::access_rules access_rules_of(const config::frps_options& from) {
  error_code bad;
  const auto address = asio::ip::make_address(from.api_bind, bad);
  return {.token = from.api_token,
          .cors_origin = from.api_cors,
          .on_loopback = !bad && address.is_loopback()};
}

}  // namespace frpx::server
