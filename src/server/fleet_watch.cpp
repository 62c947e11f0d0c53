#include "server/fleet_watch.hpp"

#include <functional>

#include "tunnel/tunnel.hpp"

namespace frpx::server {

namespace {
constexpr auto look_every = std::chrono::seconds(1);
}

fleet_watch::fleet_watch(net::timers& clock, const tunnel::registry& clients,
                         api::event_log& events)
    : deadline(clock), clients_(clients), events_(events) {
  set_in(look_every);
}

void fleet_watch::expired() {
  look();
  set_in(look_every);
}

fleet_watch::known fleet_watch::look_at(const tunnel::session& one) {
  known now{.client_id = one.facts().client_id,
            .user = one.facts().email,
            .draining = one.draining.load(),
            .set_aside = one.health.is_set_aside(),
            .models = one.models.size()};
  for (const wire::model& each : one.models) {
    now.models_hash = now.models_hash * 31 + std::hash<std::string_view>{}(each.id);
  }
  return now;
}

void fleet_watch::look() {
  std::map<std::uint64_t, known> here;
  for (const auto& each : clients_.sessions()) here.emplace(each->facts().number, look_at(*each));
  for (const auto& [number, was] : known_) {
    if (!here.contains(number)) tell_of("client.left", was);
  }
  for (const auto& [number, now] : here) {
    const auto was = known_.find(number);
    if (was == known_.end()) {
      tell_of("client.came", now);
    } else if (was->second != now) {
      tell_of("client.changed", now);
    }
  }
  known_ = std::move(here);
}

void fleet_watch::tell_of(std::string_view event, const known& client) {
  events_.tell(event, [&](json_writer& json) {
    json.member("client_id", client.client_id).member("user", client.user);
    json.member("draining", client.draining).member("set_aside", client.set_aside);
    json.member("models", client.models);
  });
}

void fleet_watch::tell_of(std::string_view event, const tunnel::tunnel& one) {
  const tunnel::service& what = one.what();
  events_.tell(event, [&](json_writer& json) {
    json.member("service", what.name).member("account", what.account);
    json.member("kind", to_string(what.kind)).member("outer_port", one.port());
  });
}

}  // namespace frpx::server
