#include "client/exposed_services.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/names.hpp"

namespace frpx::client {
namespace {

constexpr std::string_view unnamed_service = "default";

bool is_plain_http(const config::service_entry& entry) {
  return entry.kind == service_kind::http && entry.outer_port == 0;
}

// Whether two entries say the same, wherever they were said.
bool is_same(const config::service_entry& left, const config::service_entry& right) {
  const auto members = [](const config::service_entry& e) {
    return std::tie(e.kind, e.local_addr, e.local_port, e.outer_port, e.max_serve_time,
                    e.max_serve_conn, e.max_serve_count, e.weight, e.group, e.bandwidth, e.proxy,
                    e.message, e.allow, e.deny, e.metadata);
  };
  return members(left) == members(right);
}

wire::register_service order_of(const config::service_entry& from) {
  wire::register_service order;
  order.name = from.name;
  order.kind = from.kind;
  order.outer_port = from.outer_port;
  order.max_serve_time = static_cast<std::uint32_t>(
      std::chrono::ceil<std::chrono::seconds>(from.max_serve_time).count());
  order.max_serve_conn = from.max_serve_conn;
  order.max_serve_count = from.max_serve_count;
  order.weight = from.weight;
  order.group = from.group;
  for (const auto& [name, value] : from.metadata) order.metadata.push_back({name, value});
  order.allow = from.allow;
  order.deny = from.deny;
  order.bandwidth = from.bandwidth.bytes;
  order.proxy = from.proxy;
  order.message = from.message;
  order.inner_address = from.local_addr + ":" + std::to_string(from.local_port);
  return order;
}

}  // namespace

exposed_services::exposed_services(net::resolver& names, std::string host, std::uint16_t port)
    : names_(names), unnamed_(std::make_shared<local_service>(names, std::move(host), port)) {}

// An http service without an outer port is the one without a name: its models are watched too.
std::shared_ptr<local_service> exposed_services::local_of(const config::service_entry& entry) {
  if (!is_plain_http(entry)) {
    return std::make_shared<local_service>(names_, entry.local_addr, entry.local_port);
  }
  unnamed_->move_to(entry.local_addr, entry.local_port);
  return unnamed_;
}

void exposed_services::set(std::vector<config::service_entry> services) {
  const auto is_wanted = [&](const auto& known) {
    return std::any_of(services.begin(), services.end(),
                       [&](const auto& each) { return each.name == known.first; });
  };
  std::erase_if(services_, [&](const auto& known) {
    if (is_wanted(known)) return false;
    if (to_server_) to_server_(wire::cancel_service{known.first});
    return true;
  });
  for (auto& each : services) {
    const auto known = services_.find(each.name);
    if (known != services_.end() && is_same(known->second.entry, each)) continue;
    if (known != services_.end() && to_server_) to_server_(wire::cancel_service{each.name});
    exposed& now = services_[each.name];
    now = {.entry = each, .local = local_of(each), .reason = {}};
    ask_for(now);
  }
}

void exposed_services::begin(say to_server) {
  to_server_ = std::move(to_server);
  for (auto& [name, each] : services_) {
    if (each.now != state::ended) ask_for(each);
  }
}

void exposed_services::end() {
  to_server_ = nullptr;
  for (auto& [name, each] : services_) {
    if (each.now == state::ended) continue;
    each.now = state::waiting;
    each.outer_port = 0;
  }
}

void exposed_services::ask_for(exposed& which) {
  if (!to_server_) return;
  which.now = state::asked;
  to_server_(order_of(which.entry));
}

void exposed_services::ask_again() {
  for (auto& [name, each] : services_) {
    if (each.now == state::refused) ask_for(each);
  }
}

bool exposed_services::take(const wire::command& order) {
  if (const auto* answer = std::get_if<wire::register_service_result>(&order)) {
    const auto found = services_.find(answer->name);
    if (found != services_.end()) note(found->second, *answer);
  } else if (const auto* ended = std::get_if<wire::service_ended>(&order)) {
    const auto found = services_.find(ended->name);
    if (found == services_.end()) return true;
    found->second.now = state::ended;
    found->second.outer_port = 0;
    found->second.reason = shown(ended->reason);
    log::warn("The server ended {}: {}", shown(ended->name), found->second.reason);
  } else {
    return std::holds_alternative<wire::cancel_service_result>(order);
  }
  return true;
}

void exposed_services::note(exposed& which, const wire::register_service_result& answer) {
  const std::string name = shown(which.entry.name);
  if (answer.success) {
    which.now = state::open;
    which.outer_port = answer.outer_port;
    which.reason.clear();
    if (is_plain_http(which.entry)) return log::info("{} is served on the public port.", name);
    return log::info("{} is open on the server's port {}.", name, answer.outer_port);
  }
  const std::string reason = shown(answer.error.value_or("no reason given"));
  if (which.reason != reason) {
    log::warn("The server refused {}: {}; trying until it works", name, reason);
  }
  which.now = state::refused;
  which.reason = reason;
}

std::shared_ptr<local_service> exposed_services::find(std::string_view name) const {
  if (name == unnamed_service) return unnamed_;
  const auto found = services_.find(name);
  return found == services_.end() ? nullptr : found->second.local;
}

const char* exposed_services::to_string(state which) {
  switch (which) {
    case state::waiting:
      return "waiting";
    case state::asked:
      return "asked";
    case state::open:
      return "open";
    case state::refused:
      return "refused";
    case state::ended:
      return "ended";
  }
  return "unknown";
}

std::vector<service_status> exposed_services::look() const {
  std::vector<service_status> list;
  list.reserve(services_.size());
  for (const auto& [name, each] : services_) {
    list.push_back({each.entry, to_string(each.now), each.outer_port, each.reason});
  }
  return list;
}

}  // namespace frpx::client
