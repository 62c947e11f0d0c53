#include "tunnel/frpx/service_orders.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/names.hpp"
#include "core/words.hpp"

namespace frpx::tunnel::frpx_dialect {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t most_weight = 1'000;
constexpr std::uint64_t least_bandwidth = 1'024;

bool is_text(const std::string& text) {
  return text.empty() || is_plain_text(text);
}

std::optional<std::vector<network>> read_networks(const std::vector<std::string>& from) {
  std::vector<network> list;
  for (const std::string& text : from) {
    const auto one = network::parse(text);
    if (!one) return std::nullopt;
    list.push_back(*one);
  }
  return list;
}

std::uint64_t seconds_of(wall_time when) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count());
}

wire::service_info info_of(const tunnel_view& from) {
  return {.name = from.name,
          .kind = from.kind,
          .port = from.port,
          .message = from.message,
          .birth = seconds_of(from.birth),
          .deadline = seconds_of(from.deadline),
          .online = from.online,
          .capacity = from.capacity,
          .already_serve = from.already_serve,
          .total_serve = from.total_serve};
}

}  // namespace

bool is_service_order(const wire::command& what) {
  return std::holds_alternative<wire::register_service>(what) ||
         std::holds_alternative<wire::cancel_service>(what) ||
         std::holds_alternative<wire::ask_free_ports>(what) ||
         std::holds_alternative<wire::ask_services>(what);
}

result<service> read_service(const wire::register_service& from, const std::string& account) {
  const bool has_good_metadata = std::all_of(
      from.metadata.begin(), from.metadata.end(),
      [](const wire::named_text& each) { return is_name(each.name) && is_text(each.value); });
  const auto allow = read_networks(from.allow);
  const auto deny = read_networks(from.deny);
  const bool has_good_numbers =
      from.weight >= 1 && from.weight <= most_weight &&
      (from.bandwidth == 0 || from.bandwidth >= least_bandwidth) &&
      (from.kind != service_kind::udp || from.proxy == proxy_header::none);
  if (!is_name(from.name) || !is_text(from.group) || !is_text(from.message) ||
      !is_text(from.inner_address) || !has_good_metadata || !allow || !deny || !has_good_numbers) {
    return errc::bad_service;
  }
  service what;
  what.name = from.name;
  what.account = account;
  what.kind = from.kind;
  what.outer_port = from.outer_port;
  what.limits = {from.max_serve_time, from.max_serve_conn, from.max_serve_count};
  what.weight = from.weight;
  what.group = from.group;
  for (const auto& each : from.metadata) what.metadata.emplace_back(each.name, each.value);
  what.allow = *allow;
  what.deny = *deny;
  what.bandwidth = from.bandwidth;
  what.proxy = from.proxy;
  what.message = from.message;
  what.inner_address = from.inner_address;
  what.birth = wall_clock::now();
  return what;
}

asio::awaitable<wire::command> service_orders::carry_out(wire::command order) {
  if (auto* asked = std::get_if<wire::register_service>(&order)) {
    co_return co_await register_service(std::move(*asked));
  }
  if (const auto* gone = std::get_if<wire::cancel_service>(&order)) co_return cancel(gone->name);
  if (const auto* ports = std::get_if<wire::ask_free_ports>(&order)) {
    co_await renew_allowance();
    co_return list_free(ports->kind);
  }
  co_return list_services(std::get<wire::ask_services>(order).prefix);
}

asio::awaitable<wire::command> service_orders::register_service(wire::register_service asked) {
  wire::register_service_result answer;
  answer.name = asked.name;
  error_code failed;
  if (auto what = read_service(asked, client_->facts().email)) {
    failed = co_await open(*what);
    answer.outer_port = what->outer_port;
  } else {
    failed = what.error();
  }
  answer.success = !failed;
  if (failed) {
    answer.error = failed.message();
    answer.outer_port = 0;
    log::warn("Client {} cannot have {} served: {}", shown(client_->facts().client_id),
              shown(asked.name), failed.message());
  }
  co_return answer;
}

asio::awaitable<void> service_orders::renew_allowance() {
  if (auto now = co_await ask_()) allowed_ = std::move(*now);
}

// Opens the tunnel, and names its port in `what`. An http service without a port needs none: it is
// served on the public port.
asio::awaitable<error_code> service_orders::open(service& what) {
  auto& mine = client_->services;
  const bool is_known = std::any_of(mine.begin(), mine.end(),
                                    [&](const service& each) { return each.name == what.name; });
  if (is_known) co_return errc::name_in_use;
  if (mine.size() >= wire::most_services) co_return errc::too_many;
  if (what.kind == service_kind::http && what.outer_port == 0) {
    mine.push_back(what);
    co_return error_code();
  }
  co_await renew_allowance();
  co_await take_over_former_lease(what);
  if (!has_room_for(what)) co_return errc::too_many_ports;
  if (what.outer_port == 0) {
    const auto port = co_await lease(what);
    if (!port) co_return port.error();
    what.outer_port = *port;
  }
  if (!client_->alive) co_return errc::session_gone;
  if (!may_have(what.outer_port)) co_return errc::port_not_yours;
  if (is_promised_to_another(what)) co_return errc::port_occupied;
  const auto opened = tunnels_.open(what, client_);
  if (!opened) co_return opened.error();
  mine.push_back(what);
  co_return error_code();
}

// Whether the account may have another outer port: those that are leased to it and those that it
// has open without a lease count, each once. One that it has already is none more.
bool service_orders::has_room_for(const service& what) const {
  const std::uint32_t most = allowed_.most.value_or(usual_most_);
  if (most == 0 || is_leased(what, what.outer_port)) return true;
  std::size_t held = leases_ == nullptr ? 0 : leases_->held_by(what.account);
  for (const auto& each : tunnels_.all()) {
    const service& other = each->what();
    if (other.account != what.account) continue;
    if (other.name == what.name) return true;  // it joins that one, or is refused
    held += !is_leased(other, each->port());
  }
  return held < most;
}

// Whether the service has a lease, and its port is that one; 0: whichever.
bool service_orders::is_leased(const service& what, std::uint16_t port) const {
  if (leases_ == nullptr) return false;
  const auto found = leases_->find(what.full_name());
  return found && found->over == what.transport() && (port == 0 || found->port == port);
}

// Services that nobody names had one name on all machines, and have one with their client's id in
// it now. The port that was promised to the old name goes to the first client that asks for it by
// the new one, so that nobody who updates his only machine finds another port.
asio::awaitable<void> service_orders::take_over_former_lease(const service& what) {
  const std::string_view name = what.name;
  const std::string end = "-" + client_->facts().client_id;
  const std::string_view former = name.substr(0, name.size() - std::min(name.size(), end.size()));
  const std::string start = std::string(to_string(what.kind)) + "-";
  const bool is_such_a_name = name.ends_with(end) && former.starts_with(start) &&
                              parse_number<std::uint16_t>(former.substr(start.size()));
  if (leases_ == nullptr || !is_such_a_name || leases_->find(what.full_name())) co_return;
  service before = what;
  before.name = former;
  const auto lease = leases_->find(before.full_name());
  const bool is_meant = lease && lease->over == what.transport() &&
                        (what.outer_port == 0 || what.outer_port == lease->port);
  if (!is_meant || tunnels_.find(what.account, former)) co_return;
  const auto renamed = co_await leases_->rename(before.full_name(), what.full_name());
  if (renamed) {
    log::info("Port {}, which was promised to {}, belongs to {} now.", renamed->port,
              shown(before.full_name()), shown(what.full_name()));
  }
}

// The port that was promised to this name, now or earlier.
asio::awaitable<result<std::uint16_t>> service_orders::lease(const service& what) {
  if (leases_ == nullptr) co_return errc::port_not_allowed;
  const ports::wish asked{.proxy = what.full_name(),
                          .over = what.transport(),
                          .user = what.account,
                          .within = allowed_.ports,
                          .most = allowed_.most};
  if (const auto known = leases_->known(asked)) co_return *known;
  const auto taken = co_await leases_->take(asked);
  if (!taken && taken.error() == ports::errc::too_many_leases) co_return errc::too_many_ports;
  if (!taken) co_return taken.error();
  co_return taken->port;
}

bool service_orders::is_promised_to_another(const service& what) const {
  if (leases_ == nullptr) return false;
  std::vector<ports::lease> rows;
  leases_->list_from(what.outer_port, 1, rows);
  const std::string name = what.full_name();
  return std::any_of(rows.begin(), rows.end(), [&](const ports::lease& each) {
    return each.port == what.outer_port && each.over == what.transport() && each.proxy != name;
  });
}

wire::cancel_service_result service_orders::cancel(const std::string& name) {
  const auto is_it = [&](const service& each) { return each.name == name; };
  const bool was_known = std::erase_if(client_->services, is_it) != 0;
  tunnels_.leave(*client_, name);
  return {name, was_known};
}

wire::free_ports service_orders::list_free(service_kind kind) const {
  const auto over = kind == service_kind::udp ? ports::transport::udp : ports::transport::tcp;
  std::vector<bool> is_free(65536);
  for (const std::uint16_t port : tunnels_.allowed().ports()) {
    is_free[port] = may_have(port);
  }
  for (const auto& each : tunnels_.all()) {
    if (each->what().transport() == over) is_free[each->port()] = false;
  }
  std::vector<ports::lease> rows;
  constexpr std::size_t page = 1024;
  for (std::uint32_t from = 1; leases_ != nullptr && from != 0;) {
    from = leases_->list_from(from, page, rows);
  }
  for (const auto& each : rows) {
    if (each.over == over) is_free[each.port] = false;
  }
  wire::free_ports answer;
  for (std::uint32_t port = 1; port <= 65535; ++port) {
    if (!is_free[port]) continue;
    const auto number = static_cast<std::uint16_t>(port);
    if (!answer.ranges.empty() && answer.ranges.back().last + 1U == port) {
      answer.ranges.back().last = number;
    } else if (answer.ranges.size() < wire::most_ranges) {
      answer.ranges.push_back({number, number});
    }
  }
  return answer;
}

// Those of the client's account alone: what others expose is not its business.
wire::services service_orders::list_services(const std::string& prefix) const {
  wire::services answer;
  for (const auto& each : tunnels_.all()) {
    const service& what = each->what();
    if (what.account != client_->facts().email || !what.name.starts_with(prefix)) continue;
    if (answer.list.size() == wire::most_services) break;
    answer.list.push_back(info_of(each->look()));
  }
  return answer;
}

}  // namespace frpx::tunnel::frpx_dialect
