// What clients expose, and what it came to.
#include <map>

#include "server/view.hpp"

namespace frpx::server {

namespace asio = boost::asio;

api::traffic_log::reading view::read_traffic() const {
  const gateway::totals counted = around_.entry.so_far();
  api::traffic_log::reading now;
  for (const std::uint64_t each : counted.answers) now.requests += each;
  now.errors = counted.answers[0] + counted.answers[5];
  now.bytes_in = counted.bytes_in;
  now.bytes_out = counted.bytes_out;
  now.took = counted.took;
  for (const auto& each : around_.clients.sessions()) now.in_flight += each->in_flight.load();
  now.clients = around_.clients.sessions().size();
  return now;
}

asio::awaitable<std::vector<api::service_info>> view::services() {
  co_await around_.tunnels.note_bytes();
  std::vector<api::service_info> all;
  add_http_services(all);
  for (const auto& each : around_.tunnels.all()) {
    const tunnel::service& what = each->what();
    api::service_info& info = all.emplace_back();
    info.name = what.name;
    info.account = what.account;
    info.group = what.group;
    info.kind = what.kind;
    info.outer_port = each->port();
    const auto members = each->clients(around_.dialect.around().workers.home());
    for (const auto& member : members->list()) {
      info.clients.push_back(member.client->facts().client_id);
    }
    info.visitors = each->look().online;
    info.bytes_in = each->bytes(tunnel::direction::to_service);
    info.bytes_out = each->bytes(tunnel::direction::to_visitor);
    info.local_address = what.inner_address;
    info.opened_at = what.birth;
  }
  co_return all;
}

// What the public port serves: of each account, by the name that its clients gave it.
void view::add_http_services(std::vector<api::service_info>& to) const {
  std::map<std::string, store::usage> used;  // by client
  around_.usage.each([&](const std::string& client, const std::string&, const store::usage& sum) {
    used[client] += sum;
  });
  std::map<std::pair<std::string, std::string>, api::service_info> found;
  const auto add = [&](const tunnel::session& by, const std::string& name, const std::string& group,
                       const std::string& address, wall_time since) {
    api::service_info& info = found[{by.facts().email, name}];
    if (info.clients.empty() || since < info.opened_at) info.opened_at = since;
    info.name = name;
    info.account = by.facts().email;
    info.group = group;
    info.kind = service_kind::http;
    info.outer_port = around_.ports.visitors;
    info.local_address = address;
    info.clients.push_back(by.facts().client_id);
    info.visitors += by.in_flight.load();
    info.bytes_in += used[by.facts().client_id].bytes_in;
    info.bytes_out += used[by.facts().client_id].bytes_out;
  };
  for (const auto& each : around_.clients.sessions()) {
    bool is_named = false;
    for (const tunnel::service& what : each->services) {
      if (what.kind != service_kind::http || what.outer_port != 0) continue;
      is_named = true;
      add(*each, what.name, what.group, what.inner_address, what.birth);
    }
    if (!is_named && each->serves_http) {
      add(*each, std::string(tunnel::default_service), {}, {}, each->facts().connected_at);
    }
  }
  for (auto& [place, info] : found) to.push_back(std::move(info));
}

std::vector<ports::lease> view::leases() const {
  std::vector<ports::lease> all;
  if (around_.leases == nullptr) return all;
  constexpr std::size_t at_once = 1024;
  std::uint32_t next = 1;
  while (next != 0) next = around_.leases->list_from(next, at_once, all);
  return all;
}

asio::awaitable<result<ports::lease>> view::release_lease(std::string name) {
  if (around_.leases == nullptr) co_return ports::make_error_code(ports::errc::unknown_proxy);
  co_return co_await around_.leases->release(std::move(name));
}

}  // namespace frpx::server
