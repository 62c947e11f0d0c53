#include "api/metrics_endpoint.hpp"

#include "core/exposition.hpp"

namespace frpx::api {
namespace {

void write_traffic(exposition& out, const server_metrics& now) {
  out.gauge("connected_visitors", "Visitors connected now.").sample(now.visitors);
  out.counter("requests_total", "Requests that ended, by their answer's status; none: not whole.");
  constexpr std::string_view classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  static_assert(std::size(classes) == std::tuple_size_v<decltype(now.answers)>);
  for (std::size_t i = 0; i < now.answers.size(); ++i) {
    out.sample(now.answers[i], "status", classes[i]);
  }
  out.counter("request_body_bytes_total", "Bytes of requests' bodies.").sample(now.bytes_in);
  out.counter("response_body_bytes_total", "Bytes of answers' bodies that came from clients.")
      .sample(now.bytes_out);
  out.counter("failovers_total", "Requests passed on to another client after one had failed.")
      .sample(now.failovers);
  out.gauge("waiting_requests", "Requests that wait while all clients are full.")
      .sample(now.waiting);
  out.histogram("request_duration_seconds",
                "From a request's head to the end of its answer, if a client answered.", now.took);
  out.histogram("time_to_first_byte_seconds", "To the first byte of that answer.", now.first_byte);
  out.counter("key_checks_total", "Checks of API keys, by who answered.");
  for (const auto& each : now.keys) out.sample(each.count, "by", each.by);
}

// Writes `value` of each client, of the first ones when there are too many.
template <class F>
void write_each_client(exposition& out, const server_view& server, F value) {
  std::size_t written = 0;
  server.each_session([&](const session_info& client) {
    if (written++ < most_client_series) out.sample(value(client), "client", client.client_id);
  });
}

void write_clients(exposition& out, const server_view& server) {
  out.counter("client_requests_total", "Requests that ended at a client since it came.");
  write_each_client(out, server, [](const session_info& client) { return client.requests; });
  out.gauge("client_in_flight", "Requests and tunnels that a client serves now.");
  write_each_client(out, server, [](const session_info& client) { return client.in_flight; });
}

// What is known a moment later, for it is counted for the store.
void write_models(exposition& out, const server_metrics& now) {
  out.counter("model_requests_total",
              "Requests with a valid key, by who answered for which model.");
  for (const auto& each : now.usage) {
    out.sample(each.of.requests - each.of.errors,
               {{"client", each.client}, {"model", each.model}, {"status", "ok"}});
    out.sample(each.of.errors,
               {{"client", each.client}, {"model", each.model}, {"status", "error"}});
  }
  out.counter("model_tokens_total", "Tokens, as the services report them.");
  for (const auto& each : now.usage) {
    out.sample(each.of.prompt_tokens,
               {{"client", each.client}, {"model", each.model}, {"kind", "prompt"}});
    out.sample(each.of.completion_tokens,
               {{"client", each.client}, {"model", each.model}, {"kind", "completion"}});
  }
}

void write_tunnels(exposition& out, const server_metrics& now) {
  out.gauge("tunnels", "Outer ports open now.").sample(now.tunnels);
  out.gauge("tunnel_visitors", "Visitors of outer ports now.").sample(now.tunnel_visitors);
  std::uint64_t in = 0;
  std::uint64_t out_bytes = 0;
  for (const auto& each : now.workers) {
    in += each.relayed_in;
    out_bytes += each.relayed_out;
  }
  out.counter("relayed_bytes_total", "Bytes of relays: outer ports, and upgraded connections.")
      .sample(in, "direction", "to_service")
      .sample(out_bytes, "direction", "to_visitor");
}

void write_store(exposition& out, const server_metrics& now) {
  out.counter("store_errors_total", "Questions that the database did not answer.")
      .sample(now.store_errors);
  out.gauge("queue_length", "What waits for a thread that may block.");
  for (const auto& each : now.queues) out.sample(each.length, "queue", each.name);
  out.gauge("event_listeners", "Listeners to the events now.").sample(now.listeners);
}

void write_part(exposition& out, std::string_view name, std::string_view help,
                const part_health& part) {
  if (part.is == part_health::state::none) return;
  out.gauge(name, help).sample(part.is == part_health::state::up ? 1 : 0);
}

void write_workers(exposition& out, const server_metrics& now) {
  const auto write_each = [&](auto value) {
    for (std::size_t i = 0; i < now.workers.size(); ++i) {
      out.sample(value(now.workers[i]), "worker", std::to_string(i));
    }
  };
  using worker = server_metrics::worker;
  out.gauge("worker_loop_lag_seconds", "How late a worker's loop is, at most a second.");
  write_each([](const worker& each) { return each.lag.count(); });
  out.gauge("worker_visitors",
            "Connections that a worker serves now: visitors, and sessions of proxylite clients.");
  write_each([](const worker& each) { return each.visitors; });
  out.counter("worker_posts_total", "Messages of other threads to a worker.");
  write_each([](const worker& each) { return each.posts; });
  out.gauge("worker_relays", "Relays that a worker serves now.");
  write_each([](const worker& each) { return each.relays; });
  out.gauge("worker_pipes", "Pipes that a worker's relays use now.");
  write_each([](const worker& each) { return each.pipes; });
}

void write_datagrams(exposition& out, const server_metrics& now) {
  out.counter("udp_datagrams_dropped_total",
              "Datagrams of udp services that were lost, by reason.");
  for (const auto& each : now.udp_losses) out.sample(each.count, "reason", each.reason);
  out.counter("udp_bytes_total", "Bytes of datagrams of udp services' visitors.")
      .sample(now.udp_in, "direction", "to_service")
      .sample(now.udp_out, "direction", "to_visitor");
}

// By the names that every program has:
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void write_process(exposition& out, const host::process_figures& process, wall_time started) {
  out.counter("cpu_seconds_total", "CPU time, user and system.").sample(process.cpu_seconds);
  out.gauge("open_fds", "Open file descriptors.").sample(process.open_descriptors);
  out.gauge("max_fds", "How many there may be.").sample(process.most_descriptors);
  out.gauge("resident_memory_bytes", "Resident memory.").sample(process.resident_bytes);
  out.gauge("virtual_memory_bytes", "Virtual memory.").sample(process.virtual_bytes);
  out.gauge("start_time_seconds", "When the server started, as Unix time.")
      .sample(std::chrono::floor<std::chrono::seconds>(started.time_since_epoch()).count());
}

}  // namespace

boost::asio::awaitable<http::response> metrics(server_view* server) {
  const server_metrics now = co_await server->metrics();
  const server_stats stats = server->stats();
  const server_health health = server->health();
  http::response answer;
  answer.content_type = exposition::content_type;
  exposition out(answer.body, "frpx_");
  out.gauge("build_info", "1, with the version.").sample(1, "version", FRPX_VERSION);
  out.gauge("sessions", "Clients connected now.").sample(stats.active_clients);
  out.gauge("links", "Links up now.").sample(now.links);
  out.gauge("pending_streams", "Streams asked of clients that have not come yet.")
      .sample(stats.pending_connections);
  out.counter("visitors_total", "Visitors of the public port.").sample(stats.total_connections);
  write_traffic(out, now);
  write_clients(out, *server);
  write_models(out, now);
  write_tunnels(out, now);
  write_store(out, now);
  write_part(out, "database_up", "Whether the database answers.", health.database);
  write_part(out, "cache_up", "Whether the shared cache answers.", health.cache);
  write_workers(out, now);
  write_datagrams(out, now);
  exposition of_process(answer.body, "process_");
  write_process(of_process, now.process, now.started);
  co_return answer;
}

}  // namespace frpx::api
