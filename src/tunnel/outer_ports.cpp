#include "tunnel/outer_ports.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/names.hpp"
#include "tunnel/tcp_port.hpp"
#include "tunnel/udp_port.hpp"

namespace frpx::tunnel {

namespace asio = boost::asio;

namespace {

constexpr auto worker_patience = std::chrono::seconds(1);
constexpr auto both_ways = {direction::to_service, direction::to_visitor};

}  // namespace

struct outer_ports::entry final : private net::deadline {
  entry(outer_ports& of, std::shared_ptr<tunnel> which, net::timers& clock)
      : deadline(clock), owner(of), what(std::move(which)) {
    const auto most = what->what().limits.max_serve_time;
    if (most != 0) set_in(std::chrono::seconds(most));
  }
  void expired() override { owner.close(*what, errc::time_over); }  // which destroys this

  outer_ports& owner;
  const std::shared_ptr<tunnel> what;
  std::shared_ptr<outer_port> port;
};

outer_ports::outer_ports(net::worker_pool& workers, net::admission& places, options how,
                         hooks* hears)
    : workers_(workers), places_(places), options_(std::move(how)), hears_(hears) {}

outer_ports::~outer_ports() = default;

result<std::shared_ptr<tunnel>> outer_ports::open(service what, std::shared_ptr<session> client) {
  if (draining_) return errc::too_many;
  if (what.outer_port == 0 || !options_.allowed.contains(what.outer_port)) {
    return errc::port_not_allowed;
  }
  const port_key key(what.outer_port, what.transport());
  // One after the other: the first may end the tunnel that the second looks for.
  if (!what.account.empty()) drop_dead_clients(find_entry(what.account, what.name));
  drop_dead_clients(find_entry(key));
  if (!what.account.empty()) {
    entry* const same = find_entry(what.account, what.name);
    if (same != nullptr) return join(*same, what, std::move(client));
  }
  if (find_entry(key) != nullptr) return errc::port_occupied;

  const std::uint64_t number = ++last_number_;
  auto first = std::make_shared<const members>(std::vector{member{client, what.weight}},
                                               options_.by, nullptr);
  const auto end = [this, key, number](error_code why) {
    entry* const now = find_entry(key);
    if (now != nullptr && now->what->number() == number) close(*now->what, why);
  };
  auto made =
      std::make_shared<tunnel>(number, std::move(what), std::move(first), workers_, hears_, end);
  auto opened = std::make_unique<entry>(*this, made, workers_.home().timers());
  opened->port = make_port(made, *client);
  if (const error_code failed = opened->port->open(options_.bind, made->port())) {
    return failed == boost::system::errc::address_in_use ? errc::port_occupied : failed;
  }
  by_port_.emplace(key, std::move(opened));
  log::info("Port {} ({}) is open for {} of client {}.", made->port(),
            ports::to_string(made->what().transport()), shown(made->what().full_name()),
            shown(client->facts().client_id));
  if (!told(*made, &hooks::on_tunnel_created)) {
    close(*made, errc::aborted);
    return errc::aborted;
  }
  return made;
}

result<std::shared_ptr<tunnel>> outer_ports::join(entry& group, const service& what,
                                                  std::shared_ptr<session> client) {
  const service& first = group.what->what();
  std::vector<member> now = group.what->all();
  const bool is_in = std::any_of(now.begin(), now.end(),
                                 [&](const member& each) { return each.client == client; });
  if (is_in || what.group.empty() || what.group != first.group) return errc::name_in_use;
  if (what.kind != first.kind || what.outer_port != first.outer_port) return errc::group_differs;
  log::info("Client {} joins the group of {} on port {}.", shown(client->facts().client_id),
            shown(first.full_name()), first.outer_port);
  now.push_back({std::move(client), what.weight});
  group.what->publish(std::move(now), options_.by);
  return group.what;
}

std::shared_ptr<outer_port> outer_ports::make_port(const std::shared_ptr<tunnel>& of,
                                                   session& client) {
  if (of->what().kind == service_kind::udp) {
    return std::make_shared<udp_port>(of, workers_, client.only_worker(), options_.udp);
  }
  return std::make_shared<tcp_port>(of, workers_, places_, client.only_worker(), options_.tcp);
}

outer_ports::entry* outer_ports::find_entry(const port_key& key) const {
  const auto found = by_port_.find(key);
  return found == by_port_.end() ? nullptr : found->second.get();
}

outer_ports::entry* outer_ports::find_entry(std::string_view account, std::string_view name) const {
  const auto found = std::find_if(by_port_.begin(), by_port_.end(), [&](const auto& each) {
    const service& what = each.second->what->what();
    return what.name == name && what.account == account;
  });
  return found == by_port_.end() ? nullptr : found->second.get();
}

std::shared_ptr<tunnel> outer_ports::find(std::string_view account, std::string_view name) const {
  const entry* const found = find_entry(account, name);
  return found == nullptr ? nullptr : found->what;
}

std::shared_ptr<tunnel> outer_ports::find(ports::transport over, std::uint16_t port) const {
  const entry* const found = find_entry(port_key(port, over));
  return found == nullptr ? nullptr : found->what;
}

std::vector<std::shared_ptr<tunnel>> outer_ports::all() const {
  std::vector<std::shared_ptr<tunnel>> list;
  for (const auto& [key, at] : by_port_) list.push_back(at->what);
  return list;
}

asio::awaitable<void> outer_ports::note_bytes() {
  std::vector<std::shared_ptr<outer_port>> ports;
  for (const auto& [key, at] : by_port_) ports.push_back(at->port);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    net::worker& each = workers_.at(i);
    // Without an answer it is counted by the next question.
    (void)co_await each.call(
        [&each, ports] {
          for (const auto& port : ports) port->note_bytes(each);
          return true;
        },
        worker_patience);
  }
}

std::uint64_t outer_ports::datagram_bytes(direction way) const {
  std::uint64_t sum = ended_datagram_bytes_[static_cast<std::size_t>(way)];
  for (const auto& [key, at] : by_port_) {
    if (at->what->what().kind == service_kind::udp) sum += at->what->bytes(way);
  }
  return sum;
}

// A client that came back may register before the end of its older session was noticed here.
void outer_ports::drop_dead_clients(entry* from) {
  if (from == nullptr) return;
  const std::vector<member> now = from->what->all();
  for (const member& each : now) {
    if (!each.client->alive && take_out(*from, *each.client)) return;
  }
}

// Takes a client out of a tunnel; true when it was the last one and the tunnel is no more.
bool outer_ports::take_out(entry& from, const session& client) {
  std::vector<member> now = from.what->all();
  std::erase_if(now, [&](const member& each) { return each.client.get() == &client; });
  const bool was_last = now.empty();
  if (now.size() != from.what->all().size()) from.what->publish(std::move(now), options_.by);
  if (was_last) close(*from.what, errc::cancelled);
  return was_last;
}

bool outer_ports::leave(const session& client, std::string_view name) {
  for (const auto& [key, at] : by_port_) {
    const std::vector<member>& all = at->what->all();
    const bool is_in = std::any_of(
        all.begin(), all.end(), [&](const member& each) { return each.client.get() == &client; });
    if (!is_in || at->what->what().name != name) continue;
    take_out(*at, client);
    return true;
  }
  return false;
}

void outer_ports::leave_all(const session& client) {
  for (auto at = by_port_.begin(); at != by_port_.end();) {
    entry& each = *(at++)->second;  // which may go
    take_out(each, client);
  }
}

void outer_ports::close(const tunnel& which, error_code why) {
  const auto found = by_port_.find({which.port(), which.what().transport()});
  if (found == by_port_.end() || found->second->what.get() != &which) return;
  const auto ended = found->second->what;
  close(found, why);
  for (const member& each : ended->all()) each.client->tunnel_ended(ended->what(), why);
}

void outer_ports::close(std::map<port_key, std::unique_ptr<entry>>::iterator which,
                        error_code why) {
  const std::unique_ptr<entry> gone = std::move(which->second);
  by_port_.erase(which);
  tunnel& ended = *gone->what;
  ended.open_ = false;
  gone->port->stop();
  log::info("Port {} ({}) is closed: {}.", ended.port(), ports::to_string(ended.what().transport()),
            why.message());
  if (ended.what().kind == service_kind::udp) {
    for (const direction way : both_ways) {
      ended_datagram_bytes_[static_cast<std::size_t>(way)] += ended.bytes(way);
    }
  }
  end_visitors(gone->what, gone->port);
}

// Every worker ends its visitors; when the last has, nobody hears of the tunnel any more.
void outer_ports::end_visitors(const std::shared_ptr<tunnel>& of,
                               const std::shared_ptr<outer_port>& port) {
  const std::shared_ptr<void> last(nullptr, [this, of](void*) {
    workers_.home().post([this, of] { told(*of, &hooks::on_tunnel_destroyed); });
  });
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    net::worker& each = workers_.at(i);
    each.run_here_or_post([&each, port, last] { port->end_visitors(each); });
  }
}

void outer_ports::close_all() {
  while (!by_port_.empty()) close(by_port_.begin(), errc::aborted);
}

void outer_ports::drain() {
  draining_ = true;
  for (const auto& [key, at] : by_port_) at->port->stop();
}

void outer_ports::allow(const ports::range& more) {
  auto list = options_.allowed.list();
  list.push_back(more);
  options_.allowed = ports::ranges(std::move(list));
}

// False when the hook threw.
bool outer_ports::told(tunnel& about, void (hooks::*what)(tunnel&)) {
  if (hears_ == nullptr) return true;
  try {
    (hears_->*what)(about);
    return true;
  } catch (const std::exception& fault) {
    log::error("a hook failed about port {}: {}", about.port(), fault.what());
  } catch (...) {
    log::error("a hook failed about port {}", about.port());
  }
  return false;
}

}  // namespace frpx::tunnel
