#include "tunnel/proxylite/dialect.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/names.hpp"
#include "wire/errc.hpp"

namespace frpx::tunnel::proxylite {

namespace asio = boost::asio;
namespace wire = wire::proxylite;

namespace {

using namespace std::chrono_literals;

constexpr auto answer_patience = 10s;  // for a peer to take what it asked for
constexpr auto home_patience = 5s;     // for the home worker's word
constexpr auto farewell = 2s;          // for a refusal to be read

bool wants(const std::vector<std::string>& capabilities, std::string_view which) {
  return std::find(capabilities.begin(), capabilities.end(), which) != capabilities.end();
}

wire::register_code code_of(error_code why) {
  if (!why) return wire::register_code::ok;
  if (why == errc::port_not_allowed) return wire::register_code::not_allowed;
  if (why == errc::port_occupied) return wire::register_code::occupied;
  return wire::register_code::server_error;
}

service service_of(const wire::register_service& wish) {
  service what;
  what.name = wish.info.name;
  what.outer_port = static_cast<std::uint16_t>(wish.info.outer_port);
  what.limits = {wish.control.max_serve_time, wish.control.max_serve_conn,
                 wish.control.max_serve_count};
  what.message = wish.info.message;
  what.inner_address = wish.info.inner_addr;
  what.birth = wall_clock::now();
  return what;
}

wire::service_info info_of(const tunnel_view& view) {
  return {.port = view.port,
          .name = view.name,
          .message = view.message,
          .birth = view.birth,
          .deadline = view.deadline,
          .online = view.online,
          .capacity = view.capacity,
          .already_serve = view.already_serve,
          .total_serve = view.total_serve};
}

// What others opened by another dialect, under an account, is not this one's to tell of.
bool is_public(const service& what) {
  return what.account.empty() && what.transport() == ports::transport::tcp;
}

std::vector<std::uint32_t> free_ports(const outer_ports& tunnels) {
  std::vector<std::uint32_t> found;
  for (const std::uint16_t port : tunnels.allowed().ports()) {
    if (!tunnels.find(ports::transport::tcp, port)) found.push_back(port);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<wire::service_info> services(const outer_ports& tunnels, std::string_view prefix) {
  std::vector<wire::service_info> found;
  for (const auto& each : tunnels.all()) {
    if (is_public(each->what()) && each->what().name.starts_with(prefix)) {
      found.push_back(info_of(each->look()));
    }
  }
  return found;
}

}  // namespace

dialect::dialect(net::worker_pool& workers, outer_ports& tunnels, options how)
    : workers_(workers),
      tunnels_(tunnels),
      options_(std::move(how)),
      pending_(options_.most_pending),
      credit_(options_.link_credit),
      shares_(workers.size()) {
  for (share& each : shares_) {
    each.receive_buffer =
        std::make_unique_for_overwrite<std::byte[]>(link::proxylite::connection::receive_size);
  }
}

dialect::~dialect() = default;

void dialect::accept(net::worker& on, net::accepted one) {
  const auto& allow = options_.allow;
  const auto from = one.peer.address();
  const bool may_come =
      allow.empty() || std::any_of(allow.begin(), allow.end(),
                                   [&](const auto& each) { return each.contains(from); });
  auto ticket = may_come ? pending_.enter() : std::nullopt;
  if (ticket) {
    on.tasks().spawn(serve(on, std::move(one), std::move(*ticket)));
    return;
  }
  static log::rate_limit limiter(1);
  if (!limiter.pass()) return;
  log::warn("proxylite port: {} turned away: {}{}", net::to_string(one.peer),
            may_come ? "too many connections wait (--max-pending)"
                     : "its address is not among --proxylite-allow",
            limiter.more());
}

// Reads the first message, which says what kind of connection this is.
asio::awaitable<void> dialect::serve(net::worker& on, net::accepted one,
                                     net::admission::ticket ticket) {
  const net::admission::ticket held = std::move(ticket);
  conversation with(on, std::make_unique<net::socket>(on.events(), std::move(one.fd)),
                    wire::longest_question);
  auto first = co_await with.receive(options_.first_frame);
  if (!first) {
    static log::rate_limit limiter;
    if (limiter.pass()) {
      log::warn("proxylite port: {} was closed: {}{}", net::to_string(one.peer),
                first.error().message(), limiter.more());
    }
    co_await refuse(with, first.error());
  } else {
    co_await answer(on, with, std::move(*first));
  }
}

asio::awaitable<void> dialect::answer(net::worker& on, conversation& with, wire::message first) {
  if (const auto* ports = std::get_if<wire::ask_free_ports>(&first)) {
    if (is_shown(ports->token)) co_return co_await answer_free_ports(with);
  } else if (auto* list = std::get_if<wire::ask_services>(&first)) {
    if (is_shown(list->token)) co_return co_await answer_services(with, std::move(list->prefix));
  } else if (auto* wish = std::get_if<wire::register_service>(&first)) {
    co_return co_await take_registration(on, with, std::move(*wish));
  } else {
    co_return co_await say_and_part(with, wire::undefined());
  }
  // The protocol has no refusal of a question, so it is that of a registration.
  constexpr auto code = static_cast<std::int32_t>(wire::register_code::not_allowed);
  co_await say_and_part(with, wire::registered{code, {}});
}

// What was no message gets a name for what is wrong with it; what never came, or was too long,
// gets none.
asio::awaitable<void> dialect::refuse(conversation& with, error_code why) {
  using frpx::wire::errc;
  if (why == errc::unknown_command) {
    co_await say_and_part(with, wire::undefined());
  } else if (why.category() == make_error_code(errc::unknown_command).category() &&
             why != errc::frame_too_long) {
    co_await say_and_part(with, wire::malformed());
  }
}

asio::awaitable<void> dialect::say_and_part(conversation& with, wire::message what) {
  if (!co_await with.send(wire::encode(what), answer_patience)) co_await with.part(farewell);
}

asio::awaitable<void> dialect::answer_free_ports(conversation& with) {
  auto ports = co_await workers_.home().call([&tunnels = tunnels_] { return free_ports(tunnels); },
                                             home_patience);
  if (ports) co_await say_and_part(with, wire::free_ports{std::move(*ports)});
}

asio::awaitable<void> dialect::answer_services(conversation& with, std::string prefix) {
  auto list = co_await workers_.home().call(
      [&tunnels = tunnels_, prefix = std::move(prefix)] { return services(tunnels, prefix); },
      home_patience);
  if (list) co_await say_and_part(with, wire::services{std::move(*list)});
}

/// A session's place in its worker's table while its registration is under way. Unless a carrier
/// has come by then, its end is the session's.
struct dialect::registration {
  registration(dialect& owner, net::worker& on, const std::shared_ptr<client_session>& client)
      : of(owner), where(on), number(client->facts().number) {
    of.shares_[where.index()].sessions.emplace(
        number, share::entry{client, net::placement(where), nullptr});
    of.sessions_.fetch_add(1, std::memory_order_relaxed);
  }
  registration(const registration&) = delete;
  ~registration() {
    const auto found = of.shares_[where.index()].sessions.find(number);
    if (found != of.shares_[where.index()].sessions.end() && !found->second.by) {
      of.gone(where, number);
    }
  }

  dialect& of;
  net::worker& where;
  const std::uint64_t number;
};

asio::awaitable<void> dialect::take_registration(net::worker& on, conversation& with,
                                                 wire::register_service wish) {
  const std::uint64_t number = ++last_number_;
  const int fd = with.connection().descriptor();
  const std::string peer = net::to_string(net::peer_of(fd));
  const auto client = std::make_shared<client_session>(
      session_facts{number, wish.info.name, {}, {}, peer, wall_clock::now()},
      net::to_string(net::local_of(fd)), *this, on);
  const bool by_link = options_.offers_links && wants(wish.capabilities, wire::capability_link);
  const std::uint32_t port = wish.info.outer_port;
  const registration held(*this, on, client);
  const error_code refused = co_await open(std::move(wish), client);
  if (refused) {
    log::info("proxylite port: {} does not get port {}: {}", peer, port, refused.message());
  }
  wire::registered answer{static_cast<std::int32_t>(code_of(refused)), {}};
  if (by_link && !refused) answer.capabilities.emplace_back(wire::capability_link);
  if (refused) {
    co_await say_and_part(with, std::move(answer));
  } else if (!co_await with.send(wire::encode(answer), answer_patience)) {
    carry(on, with, *client, by_link);
  }
}

// Opens the port. What the home worker does it does also when nobody waits for its word any more.
asio::awaitable<error_code> dialect::open(wire::register_service wish,
                                          std::shared_ptr<client_session> client) {
  if (!is_shown(wish.token)) co_return make_error_code(errc::port_not_allowed);
  if (wish.info.outer_port > 65535) co_return make_error_code(errc::port_not_allowed);
  const auto opened = co_await workers_.home().call(
      [&tunnels = tunnels_, what = service_of(wish), client]() mutable {
        return tunnels.open(std::move(what), client);
      },
      home_patience);
  co_return opened ? error_code() : opened.error();
}

void dialect::carry(net::worker& on, conversation& with, client_session& client, bool by_link) {
  share& mine = shares_[on.index()];
  const bytes_span buffer(mine.receive_buffer.get(), link::proxylite::connection::receive_size);
  const std::uint64_t number = client.facts().number;
  const auto gone_now = [this, &on, number](error_code why) {
    log::debug("proxylite session {} has gone: {}", number, why.message());
    gone(on, number);
  };
  const auto behind = with.behind();
  const std::vector<std::byte> first_bytes(behind.begin(), behind.end());
  auto& by = mine.sessions.at(number).by;
  by = by_link ? carrier::of_link(on, with.release(), buffer, credit_, gone_now)
               : carrier::of_segments(on, with.release(), buffer, gone_now);
  carrier& carries = *by;
  carries.start(first_bytes);
  client.carry(carries);
}

// The connection has gone: the port is free at once.
void dialect::gone(net::worker& on, std::uint64_t number) {
  auto& sessions = shares_[on.index()].sessions;
  const auto found = sessions.find(number);
  const auto client = std::move(found->second.session);
  client->drop();
  const std::unique_ptr<carrier> ended = std::move(found->second.by);
  sessions.erase(found);
  sessions_.fetch_sub(1, std::memory_order_relaxed);
  workers_.home().run_here_or_post([this, client] { tunnels_.leave_all(*client); });
}

void dialect::end_session(net::worker& on, std::uint64_t number) {
  on.run_here_or_post([this, &on, number] {
    const auto found = shares_[on.index()].sessions.find(number);
    if (found != shares_[on.index()].sessions.end()) found->second.session->end_carrier();
  });
}

void dialect::end_all() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    net::worker& each = workers_.at(i);
    each.run_here_or_post([this, i] {
      std::vector<std::shared_ptr<client_session>> all;
      for (const auto& [number, entry] : shares_[i].sessions) all.push_back(entry.session);
      for (const auto& client : all) client->end_carrier();
    });
  }
}

}  // namespace frpx::tunnel::proxylite
