#include "api/audit.hpp"

#include <charconv>
#include <utility>

#include "api/envelope.hpp"
#include "core/log.hpp"
#include "core/names.hpp"
#include "http/uri.hpp"

namespace frpx::api {
namespace {

constexpr std::size_t usual_limit = 100;

store::audit_row row_of(std::string_view action, std::string_view what, const author& by,
                        const identity::outcome& said) {
  return {.at = wall_clock::now(),
          .who = by.who,
          .from = net::to_string(by.from),
          .action = std::string(action),
          .what = std::string(what),
          .outcome = said.code == 0 ? "done" : shown(said.refusal)};
}

constexpr std::pair<std::string_view, std::string_view> events[] = {
    {"make key", "key.made"},
    {"change key", "key.changed"},
    {"revoke key", "key.revoked"},
    {"make user", "user.made"},
    {"change the password of user", "user.changed"},
    {"change the role of user", "user.changed"},
    {"change the ports of user", "user.changed"},
    {"change the leases of user", "user.changed"},
    {"remove user", "user.removed"},
    {"revoke token", "token.revoked"},
    {"forget client", "client.forgotten"},
};

bool has_no_answer(const identity::outcome& said) {
  return said.why && said.why != store::errc::bad_value && said.why != store::errc::not_found &&
         said.why != store::errc::already_exists;
}

void write(store::store& in, const store::audit_row& row) {
  const auto added = in.add_audit(row);
  if (added) return;
  static log::rate_limit limiter;
  if (!limiter.pass()) return;
  log::error("a change is missing in the audit log: {}{}", added.error().message(), limiter.more());
}

// A parameter that is a whole number; nothing when it is something else.
std::optional<std::uint64_t> number_in(std::string_view query, std::string_view name,
                                       std::uint64_t otherwise) {
  const auto given = http::query_value(query, name);
  if (!given) return std::nullopt;
  if (!*given) return otherwise;
  const std::string& text = **given;
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void write_rows(json_writer& json, const std::vector<store::audit_row>& rows) {
  json.begin_array();
  for (const store::audit_row& each : rows) {
    json.begin_object().member("id", each.id).member("at", to_rfc3339(each.at));
    json.member("who", each.who).member("from", each.from).member("action", each.action);
    json.member("what", each.what).member("outcome", each.outcome).end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view event_of(std::string_view action) {
  for (const auto& [name, event] : events) {
    if (name == action) return event;
  }
  return {};
}

verb audited(verb how, std::string_view action, std::string what, author by) {
  return
      [how = std::move(how), action, what = std::move(what), by = std::move(by)](store::store& in) {
        identity::outcome said = how(in);
        if (!has_no_answer(said)) write(in, row_of(action, what, by, said));
        return said;
      };
}

void log_change(std::string_view action, std::string_view what, const author& by,
                std::string_view outcome) {
  log::info("audit: {}{}{} by {} at {}: {}", action, what.empty() ? "" : " ", shown(what),
            shown(by.who), net::to_string(by.from), shown(outcome));
}

boost::asio::awaitable<void> note_change(server_view* server, std::string_view action,
                                         std::string what, author by) {
  log_change(action, what, by, "done");
  co_await server->run(
      audited([](store::store&) { return identity::outcome(); }, action, what, by));
}

boost::asio::awaitable<http::response> list_audit(server_view* server, http::request asked) {
  const auto limit = number_in(asked.head->query, "limit", usual_limit);
  const auto before = number_in(asked.head->query, "before", 0);
  if (!limit || *limit == 0 || *limit > store::longest_page) {
    co_return http::refusal(400, "`limit` must be a number, 1 to 1000");
  }
  if (!before) co_return http::refusal(400, "`before` must be the id of an entry");
  const auto said = co_await server->run([limit = *limit, before = *before](store::store& in) {
    const auto rows = in.list_audit(before, static_cast<std::size_t>(limit));
    if (!rows) {
      return identity::refused(identity::form::json, "The database does not answer", rows.error());
    }
    identity::outcome listed;
    json_writer json(listed.out);
    write_rows(json, *rows);
    return listed;
  });
  if (said.code != 0) co_return http::refusal(503, said.refusal);
  co_return success([&](json_writer& json) { json.raw(said.out); });
}

}  // namespace frpx::api
