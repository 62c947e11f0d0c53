#include "server/view.hpp"

#include <map>

#include "core/log.hpp"

namespace frpx::server {

namespace asio = boost::asio;

namespace {

constexpr auto store_patience = std::chrono::seconds(5);
constexpr auto login_patience = std::chrono::seconds(10);
constexpr auto worker_patience = std::chrono::seconds(1);

api::session_info info_of(const tunnel::session& of) {
  api::session_info info;
  info.client_id = of.facts().client_id;
  info.user = of.facts().email;
  info.connected_at = of.facts().connected_at;
  if (of.machine) {
    info.system = api::session_info::machine{
        of.machine->usage.cpu_usage, of.machine->usage.memory_usage, of.machine->usage.disk_usage,
        of.machine->usage.computer_name, of.machine->at};
  }
  if (of.reported_models) info.models = of.models;
  info.models_left_out = of.models_left_out;
  info.address = of.facts().peer;
  info.in_flight = of.in_flight.load();
  info.most_in_flight = of.facts().most_in_flight;
  info.weight = of.facts().weight;
  info.draining = of.draining.load();
  info.set_aside = of.health.is_set_aside();
  info.requests = of.requests.load();
  return info;
}

/// All rows of a list that comes in pages, `next(page)` by `key(row)`.
template <class Next, class Key>
auto all_pages(Next next, Key key) -> decltype(next(store::page{})) {
  auto rows = next(store::page{{}, store::longest_page});
  if (!rows) return rows;
  for (auto last = rows->size(); last == store::longest_page;) {
    auto more = next(store::page{key(rows->back()), store::longest_page});
    if (!more) return more;
    last = more->size();
    rows->insert(rows->end(), std::make_move_iterator(more->begin()),
                 std::make_move_iterator(more->end()));
  }
  return rows;
}

result<api::operator_user> look_up(store::store& in, const std::string& email) {
  const auto row = in.find_user(email);
  if (!row) return row.error();
  return api::operator_user{row->email, row->role, identity::password_mark(*row)};
}

// Whether an error says nothing of what was asked for.
bool is_no_answer(const error_code& why) {
  return why && why != store::errc::bad_value && why != store::errc::not_found &&
         why != store::errc::already_exists;
}

constexpr auto id_of = [](const auto& row) { return row.id; };

}  // namespace

view::view(surroundings around, config::frps_options options, option_reader read_again)
    : around_(around),
      options_(std::move(options)),
      read_again_(std::move(read_again)),
      traffic_(around.dialect.around().workers.home().timers(), [this] { return read_traffic(); }) {
}

asio::awaitable<result<api::operator_user>> view::log_in(std::string email, secret password,
                                                         asio::ip::address from) {
  if (around_.passwords.wait_before(email, from, steady_clock::now()) !=
      steady_clock::duration::zero()) {
    co_return identity::make_error_code(identity::errc::throttled);
  }
  co_return co_await around_.password_pool.run(
      [&passwords = around_.passwords, email = std::move(email), password = std::move(password),
       from]() -> result<api::operator_user> {
        const auto who = passwords.login(email, password, from, steady_clock::now());
        if (!who) return who.error();
        return api::operator_user{who->email, who->role, who->password_mark.value()};
      },
      login_patience);
}

asio::awaitable<result<api::operator_user>> view::find_operator(std::string email) {
  co_return co_await around_.pool.run(
      [&store = around_.lasting, email = std::move(email)] { return look_up(store, email); },
      store_patience);
}

api::session_info view::session_at(std::size_t place) const {
  return info_of(*around_.clients.sessions()[place]);
}

std::optional<api::session_info> view::find_session(std::string_view client_id) const {
  const auto found = around_.clients.find(client_id);
  if (!found) return std::nullopt;
  return info_of(*found);  // the registry keeps it until the caller returns to the loop
}

std::vector<api::unserved_model> view::unserved_models() const {
  const auto& now = around_.clients.current(around_.dialect.around().workers.home());
  std::vector<api::unserved_model> all;
  for (auto& each : around_.entry.unserved().list()) {
    if (now->with_model(each.model) != nullptr) continue;  // a client has it by now
    all.push_back({std::move(each.model), each.requests, each.first, each.last});
  }
  return all;
}

api::server_stats view::stats() const {
  return {.active_clients = around_.clients.sessions().size(),
          .pending_connections = around_.dialect.pending(),
          .total_connections = around_.entry.so_far().visitors,
          .uptime = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() -
                                                                     started_steady_),
          .waiting_requests = around_.entry.waiting()};
}

asio::awaitable<std::vector<std::string>> view::pending_connections() {
  std::vector<std::string> ids;
  auto& workers = around_.dialect.around().workers;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    auto& streams = around_.dialect.streams_of(workers.at(i));
    auto some = co_await workers.at(i).call([&streams] { return streams.pending_fingerprints(); },
                                            worker_patience);
    if (some) ids.insert(ids.end(), some->begin(), some->end());
  }
  co_return ids;
}

asio::awaitable<api::server_metrics> view::metrics() {
  const gateway::totals counted = around_.entry.so_far();
  api::server_metrics now;
  now.started = started_;
  now.visitors = around_.entry.visitors();
  now.links = around_.dialect.links_up();
  now.waiting = around_.entry.waiting();
  now.failovers = counted.failovers;
  now.answers = counted.answers;
  now.bytes_in = counted.bytes_in;
  now.bytes_out = counted.bytes_out;
  now.first_byte = counted.first_byte;
  now.took = counted.took;
  around_.usage.each([&](const std::string& client, const std::string& model,
                         const store::usage& sum) { now.usage.push_back({client, model, sum}); });
  now.tunnels = around_.tunnels.size();
  for (const auto& each : around_.tunnels.all()) now.tunnel_visitors += each->look().online;
  now.store_errors = store_errors_;
  now.listeners = around_.events.listeners();
  now.queues = {{"database", around_.pool.waiting()},
                {"passwords", around_.password_pool.waiting()},
                {"operators", verbs_.waiting()},
                {"reports", reports_.waiting()}};
  for (std::size_t i = 0; i < identity::answerers; ++i) {
    const auto by = static_cast<identity::answered_by>(i);
    now.keys.push_back({identity::to_string(by), around_.keys.count(by)});
  }
  auto& workers = around_.dialect.around().workers;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    now.workers.push_back(co_await look_at(workers.at(i)));
  }
  for (const auto why : {net::udp_loss::kernel, net::udp_loss::queue, net::udp_loss::limit}) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < workers.size(); ++i) count += workers.at(i).udp().losses().of(why);
    now.udp_losses.push_back({net::to_string(why), count});
  }
  now.udp_in = around_.tunnels.datagram_bytes(tunnel::direction::to_service);
  now.udp_out = around_.tunnels.datagram_bytes(tunnel::direction::to_visitor);
  const auto process = co_await around_.pool.run(host::read_process, worker_patience);
  if (process) now.process = *process;
  co_return now;
}

// A loop's lag is the time until it runs what it was just given.
asio::awaitable<api::server_metrics::worker> view::look_at(net::worker& one) {
  const steady_time asked = steady_clock::now();
  struct answer {
    steady_time at;
    std::size_t relays;
    std::size_t pipes;
    net::relay_set::counters moved;
  };
  const auto came = co_await one.call(
      [&one] {
        const net::relay_set& relays = one.relays();
        return answer{steady_clock::now(), relays.size(), relays.pipes().lent(), relays.totals()};
      },
      worker_patience);
  api::server_metrics::worker now{.visitors = one.load(), .posts = one.posts()};
  now.lag = worker_patience;
  if (!came) co_return now;
  now.lag = came->at - asked;
  now.relays = came->relays;
  now.pipes = came->pipes;
  now.relayed_in = came->moved.from_visitors;
  now.relayed_out = came->moved.from_services;
  co_return now;
}

api::server_health view::health() const {
  using state = api::part_health::state;
  api::server_health all;
  all.database = database_;
  all.cache = cache_;
  all.clients = {around_.clients.sessions().empty() ? state::none : state::up, started_};
  return all;
}

bool view::drain(std::string_view client_id, bool drains) {
  const auto found = around_.clients.find(client_id);
  if (!found) return false;
  drains ? around_.clients.drain(*found) : around_.clients.undrain(*found);
  return true;
}

bool view::disconnect(std::string_view client_id, std::chrono::milliseconds refused_for) {
  const auto found = around_.clients.find(client_id);
  if (!found) return false;
  around_.clients.ban(found->facts().client_id, steady_clock::now() + refused_for);
  found->end("an operator disconnected it");
  return true;
}

asio::awaitable<result<std::vector<std::string>>> view::users() {
  co_return co_await around_.pool.run(
      [&store = around_.lasting]() -> result<std::vector<std::string>> {
        const auto rows =
            all_pages([&](const store::page& which) { return store.list_users(which); }, id_of);
        if (!rows) return rows.error();
        std::vector<std::string> emails;
        for (const auto& row : *rows) emails.push_back(row.email);
        return emails;
      },
      store_patience);
}

asio::awaitable<result<std::vector<api::active_token>>> view::active_tokens() {
  co_return co_await around_.pool.run(
      [&store = around_.lasting]() -> result<std::vector<api::active_token>> {
        const auto users =
            all_pages([&](const store::page& which) { return store.list_users(which); }, id_of);
        if (!users) return users.error();
        std::map<std::string, std::string> email_of;
        for (const auto& row : *users) email_of.emplace(row.id, row.email);
        const auto tokens =
            all_pages([&](const store::page& which) { return store.list_tokens(which); }, id_of);
        if (!tokens) return tokens.error();
        std::vector<api::active_token> active;
        for (const auto& row : *tokens) {
          if (row.revoked || row.expires <= wall_clock::now()) continue;
          active.push_back({row.id, email_of[row.user_id]});
        }
        return active;
      },
      store_patience);
}

asio::awaitable<result<std::vector<api::usage_sum>>> view::usage(api::usage_by by, wall_time from,
                                                                 wall_time to) {
  const auto column = by == api::usage_by::key      ? store::usage_by::key
                      : by == api::usage_by::client ? store::usage_by::client
                                                    : store::usage_by::model;
  co_return co_await reports_.run(
      [&store = around_.lasting, column, from, to]() -> result<std::vector<api::usage_sum>> {
        const auto found = store.sum_usage(column, from, to);
        if (!found) return found.error();
        std::map<std::string, std::string> names;
        if (column == store::usage_by::key) {
          const auto keys =
              all_pages([&](const store::page& which) { return store.list_keys(which); }, id_of);
          if (!keys) return keys.error();
          for (const auto& row : *keys) names.emplace(row.id, row.name);
        }
        std::vector<api::usage_sum> sums;
        for (const store::usage_sum& each : *found) {
          const auto named = names.find(each.name);
          sums.push_back({each.name, named == names.end() ? "" : named->second, each.of.requests,
                          each.of.errors, each.of.bytes_in, each.of.bytes_out,
                          each.of.prompt_tokens, each.of.completion_tokens});
        }
        return sums;
      },
      store_patience);
}

asio::awaitable<identity::outcome> view::run(api::verb what) {
  auto said = co_await verbs_.run(
      [&store = around_.lasting, what = std::move(what)] { return what(store); }, store_patience);
  if (said && !is_no_answer(said->why)) co_return std::move(*said);
  ++store_errors_;
  if (said) co_return std::move(*said);
  co_return identity::refused(identity::form::json, "The database does not answer", said.error());
}

asio::awaitable<result<api::reload_report>> view::reload() {
  co_return co_await verbs_.run([this] { return server::reload(options_, read_again_); },
                                store_patience);
}

void view::note_store(error_code answered) {
  using state = api::part_health::state;
  if (answered) ++store_errors_;
  const state now = answered ? state::down : state::up;
  if (database_.is == now) return;
  if (answered) {
    log::error("The database cannot be asked: {}. Known keys stay valid for a while; trying again.",
               answered.message());
  } else {
    log::info("Connected to database successfully");
  }
  database_ = {now, wall_clock::now()};
}

void view::note_cache(bool answers) {
  using state = api::part_health::state;
  const state now = answers ? state::up : state::down;
  if (cache_.is == now) return;
  if (answers) {
    log::info("Connected to Redis successfully");
  } else {
    log::error("Redis cannot be asked; the database is asked instead. Trying again.");
  }
  cache_ = {now, wall_clock::now()};
}

}  // namespace frpx::server
