#include "server/monitor.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/json_writer.hpp"
#include "core/names.hpp"
#include "server/api_client.hpp"

namespace frpx::server {
namespace {

namespace json = boost::json;

/// Takes typed fields from a document. One that is not as expected is remembered, so that the
/// caller looks once, at the end.
class field_reader {
 public:
  std::string text(const json::value& in, std::string_view name) {
    const json::value* found = find(in, name);
    const json::string* is = found == nullptr ? nullptr : found->if_string();
    if (is == nullptr || !is_plain_text({is->data(), is->size()})) return failed_ = true, "";
    return {is->data(), is->size()};
  }

  std::int64_t whole(const json::value& in, std::string_view name) {
    return number<std::int64_t>(in, name);
  }

  /// What the API had no number for, since a client reported nonsense, is null there.
  double real(const json::value& in, std::string_view name) {
    const json::value* found = find(in, name);
    if (found != nullptr && found->is_null()) return std::numeric_limits<double>::quiet_NaN();
    return number<double>(in, name);
  }

  /// A field's value; null if it is missing.
  const json::value& at(const json::value& in, std::string_view name) {
    static const json::value nothing;
    const json::value* found = find(in, name);
    if (found == nullptr) failed_ = true;
    return found == nullptr ? nothing : *found;
  }

  bool failed() const { return failed_; }

 private:
  static const json::value* find(const json::value& in, std::string_view name) {
    const json::object* object = in.if_object();
    return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
  }

  template <class Number>
  Number number(const json::value& in, std::string_view name) {
    error_code wrong;
    const auto is = at(in, name).to_number<Number>(wrong);
    if (wrong) failed_ = true;
    return wrong ? Number() : is;
  }

  bool failed_ = false;
};

monitored_client read_client(field_reader& fields, const json::value& entry) {
  monitored_client client;
  client.id = fields.text(entry, "client_id");
  client.in_flight = fields.whole(entry, "inflight");
  const json::value& system = fields.at(entry, "system_info");
  if (system.is_null()) return client;
  client.last = {fields.real(system, "cpu_usage"), fields.real(system, "memory_usage"),
                 fields.real(system, "disk_usage"), fields.whole(system, "heartbeat_seconds_ago")};
  return client;
}

server_status::part read_part(field_reader& fields, const json::value& health,
                              std::string_view name) {
  const json::value& part = fields.at(health, name);
  return {fields.text(part, "state"), fields.text(part, "since")};
}

// `3d 4h`, `4h 05m`, `5m 06s`, `6s`: the two largest units.
std::string in_words(std::chrono::seconds span) {
  using namespace std::chrono;
  const auto d = span / days(1), h = span / hours(1) % 24, m = span / minutes(1) % 60;
  const auto s = span.count() % 60;
  if (d > 0) return fmt::format("{}d {}h", d, h);
  if (h > 0) return fmt::format("{}h {:02}m", h, m);
  if (m > 0) return fmt::format("{}m {:02}s", m, s);
  return fmt::format("{}s", s);
}

std::string percent(double usage) {
  return std::isfinite(usage) ? fmt::format("{:.2f}", usage) : "N/A";
}

std::string in_words(const server_status::part& part) {
  return part.state == "none" ? part.state : part.state + " since " + part.since;
}

void write_part(json_writer& json, std::string_view name, const server_status::part& part) {
  json.key(name).begin_object().member("state", part.state).member("since", part.since);
  json.end_object();
}

}  // namespace

result<std::vector<monitored_client>> read_clients(const json::value& clients) {
  if (!clients.is_array()) return api_errc::not_the_api;
  field_reader fields;
  std::vector<monitored_client> all;
  for (const json::value& entry : clients.get_array()) all.push_back(read_client(fields, entry));
  if (fields.failed()) return api_errc::not_the_api;
  std::ranges::sort(all, {}, &monitored_client::id);
  return all;
}

result<server_status> read_status(const json::value& health, const json::value& ports,
                                  const json::value& stats, const json::value& clients) {
  const auto all = read_clients(clients);
  if (!all) return all.error();
  field_reader fields;
  server_status now;
  now.health = fields.text(health, "status");
  now.uptime = std::chrono::seconds(fields.whole(health, "uptime_seconds"));
  now.database = read_part(fields, health, "database");
  now.cache = read_part(fields, health, "cache");
  now.control_port = fields.whole(ports, "control_port");
  now.proxy_port = fields.whole(ports, "proxy_port");
  now.public_port = fields.whole(ports, "public_port");
  now.api_port = fields.whole(ports, "api_port");
  now.streams_pending = fields.whole(stats, "pending_connections");
  now.visitors_so_far = fields.whole(stats, "total_connections");
  if (fields.failed()) return api_errc::not_the_api;
  for (const monitored_client& client : *all) {
    ++now.clients;
    if (!client.last) ++now.silent_clients;
    now.requests_in_flight += client.in_flight;
  }
  return now;
}

// Widths and precision of public frpx: 20, 10, 10, 10 and 20 columns, two decimals.
std::string as_lines(std::span<const monitored_client> clients) {
  if (clients.empty()) return "No active clients.\n";
  std::size_t width = 20;
  for (const monitored_client& client : clients) width = std::max(width, client.id.size());
  std::string out = fmt::format("Client Monitoring Data:\n{:<{}} {:<10} {:<10} {:<10} {}\n{}\n",
                                "Client ID", width, "CPU (%)", "Memory (%)", "Disk (%)",
                                "Last Heartbeat", std::string(width + 60, '-'));
  for (const monitored_client& client : clients) {
    if (client.last) {
      out += fmt::format("{:<{}} {:<10} {:<10} {:<10} {}s ago\n", client.id, width,
                         percent(client.last->cpu_usage), percent(client.last->memory_usage),
                         percent(client.last->disk_usage), client.last->seconds_ago);
    } else {
      out += fmt::format("{:<{}} {:<10} {:<10} {:<10} {}\n", client.id, width, "N/A", "N/A", "N/A",
                         "No data");
    }
  }
  return out;
}

std::string as_json(std::span<const monitored_client> clients) {
  std::string out;
  json_writer json(out);
  json.begin_array();
  for (const monitored_client& client : clients) {
    const auto member = [&](std::string_view name, auto number) {
      json.key(name);
      client.last ? json.value(*client.last.*number) : json.null();
    };
    json.begin_object().member("client_id", client.id);
    member("cpu_usage", &monitored_client::report::cpu_usage);
    member("memory_usage", &monitored_client::report::memory_usage);
    member("disk_usage", &monitored_client::report::disk_usage);
    member("heartbeat_seconds_ago", &monitored_client::report::seconds_ago);
    json.member("inflight", client.in_flight).end_object();
  }
  json.end_array();
  return out + "\n";
}

std::string as_lines(const server_status& now) {
  std::string out = fmt::format("frps is {}, up for {}\n", now.health, in_words(now.uptime));
  const auto line = [&out](std::string_view name, const std::string& what) {
    out += fmt::format("  {:<13} {}\n", name, what);
  };
  line("control port", std::to_string(now.control_port));
  line("proxy port", std::to_string(now.proxy_port));
  line("public port", std::to_string(now.public_port));
  line("API port", std::to_string(now.api_port));
  line("database", in_words(now.database));
  line("cache", in_words(now.cache));
  line("clients", now.silent_clients == 0 ? std::to_string(now.clients)
                                          : fmt::format("{}, {} without a report yet", now.clients,
                                                        now.silent_clients));
  line("requests", fmt::format("{} in flight, {} waiting for a stream", now.requests_in_flight,
                               now.streams_pending));
  line("visitors", fmt::format("{} connections since the start", now.visitors_so_far));
  return out;
}

std::string as_json(const server_status& now) {
  std::string out;
  json_writer json(out);
  json.begin_object().member("status", now.health).member("uptime_seconds", now.uptime.count());
  json.member("control_port", now.control_port).member("proxy_port", now.proxy_port);
  json.member("public_port", now.public_port).member("api_port", now.api_port);
  write_part(json, "database", now.database);
  write_part(json, "cache", now.cache);
  json.member("active_clients", now.clients).member("silent_clients", now.silent_clients);
  json.member("inflight", now.requests_in_flight);
  json.member("pending_connections", now.streams_pending);
  json.member("total_connections", now.visitors_so_far).end_object();
  return out + "\n";
}

// ECMA-48: CUP to the first cell, EL behind each line, ED behind the last.
std::string redrawn(std::string_view text, std::size_t rows) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  // The cursor rests on a line of its own.
  const bool fits = lines < rows;
  const std::size_t shown_lines = fits ? lines : rows < 2 ? 0 : rows - 2;
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < shown_lines; ++i) {
    const auto end = text.find('\n');
    out.append(text.substr(0, end)).append("\x1b[K\n");
    text.remove_prefix(end + 1);
  }
  if (!fits) out += fmt::format("... and {} more\x1b[K\n", lines - shown_lines);
  return out + "\x1b[J";
}

}  // namespace frpx::server
