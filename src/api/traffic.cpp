#include "api/traffic.hpp"

#include "api/envelope.hpp"

namespace frpx::api {
namespace {

// Milliseconds; null when there was none.
void write_quantile(json_writer& json, std::string_view name, const durations& took, double of) {
  json.key(name);
  took.count() == 0 ? json.null() : json.value(took.quantile(of) * 1000);
}

void write_sample(json_writer& json, const traffic_log::sample& one) {
  json.begin_object().member("at", to_rfc3339(one.at)).member("requests", one.in.requests);
  json.member("errors", one.in.errors).member("bytes_in", one.in.bytes_in);
  json.member("bytes_out", one.in.bytes_out);
  write_quantile(json, "p50_ms", one.in.took, 0.5);
  write_quantile(json, "p99_ms", one.in.took, 0.99);
  json.member("inflight", one.in.in_flight).member("active_clients", one.in.clients).end_object();
}

}  // namespace

traffic_log::traffic_log(net::timers& clock, std::function<reading()> read)
    : deadline(clock), read_(std::move(read)), last_(read_()) {
  set_in(interval);
}

void traffic_log::expired() {
  take(wall_clock::now());
  set_in(interval);
}

void traffic_log::take(wall_time now) {
  const reading here = read_();
  if (samples_.size() == most) samples_.pop_front();
  samples_.push_back({now,
                      {.requests = here.requests - last_.requests,
                       .errors = here.errors - last_.errors,
                       .bytes_in = here.bytes_in - last_.bytes_in,
                       .bytes_out = here.bytes_out - last_.bytes_out,
                       .took = here.took - last_.took,
                       .in_flight = here.in_flight,
                       .clients = here.clients}});
  last_ = here;
}

http::response traffic(server_view& server, const http::request&) {
  return success([&](json_writer& json) {
    json.begin_object().member("interval_seconds", traffic_log::interval.count());
    json.key("samples").begin_array();
    for (const auto& each : server.traffic().samples()) write_sample(json, each);
    json.end_array().end_object();
  });
}

}  // namespace frpx::api
