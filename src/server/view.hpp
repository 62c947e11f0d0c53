// The server as its API sees it.
#pragma once

#include "api/server_view.hpp"
#include "api/traffic.hpp"
#include "gateway/gateway.hpp"
#include "identity/key_checker.hpp"
#include "identity/logins.hpp"
#include "net/blocking_pool.hpp"
#include "ports/leases.hpp"
#include "server/reload.hpp"
#include "server/usage_sums.hpp"
#include "store/store.hpp"
#include "tunnel/frpx/dialect.hpp"
#include "tunnel/outer_ports.hpp"
#include "tunnel/registry.hpp"

namespace frpx::server {

/// Gathers what the API tells from the rooms that know it. Home worker.
class view final : public api::server_view {
 public:
  /// What it asks; all of it outlives the view.
  struct surroundings {
    tunnel::registry& clients;
    tunnel::frpx_dialect::dialect& dialect;
    gateway::gateway& entry;
    tunnel::outer_ports& tunnels;
    ports::leases* leases;  ///< Null: there are no outer ports.
    const identity::key_checker& keys;
    store::store& lasting;
    net::blocking_pool& pool;
    const api::listening_ports& ports;
    api::event_log& events;
    identity::logins& passwords;
    net::blocking_pool& password_pool;
    const usage_sums& usage;
  };
  view(surroundings around, config::frps_options options, option_reader read_again);

  api::event_log& events() override { return around_.events; }
  api::login_book& logins() override { return logins_; }
  boost::asio::awaitable<result<api::operator_user>> log_in(std::string email, secret password,
                                                            boost::asio::ip::address from) override;
  boost::asio::awaitable<result<api::operator_user>> find_operator(std::string email) override;
  std::size_t session_count() const override { return around_.clients.sessions().size(); }
  api::session_info session_at(std::size_t place) const override;
  std::optional<api::session_info> find_session(std::string_view client_id) const override;
  api::server_stats stats() const override;
  boost::asio::awaitable<std::vector<std::string>> pending_connections() override;
  std::vector<api::unserved_model> unserved_models() const override;
  api::listening_ports ports() const override { return around_.ports; }
  const api::traffic_log& traffic() const override { return traffic_; }
  boost::asio::awaitable<std::vector<api::service_info>> services() override;
  std::vector<ports::lease> leases() const override;
  boost::asio::awaitable<result<ports::lease>> release_lease(std::string name) override;
  boost::asio::awaitable<result<api::reload_report>> reload() override;
  boost::asio::awaitable<api::server_metrics> metrics() override;
  api::server_health health() const override;
  bool drain(std::string_view client_id, bool drains) override;
  bool disconnect(std::string_view client_id, std::chrono::milliseconds refused_for) override;
  boost::asio::awaitable<result<std::vector<std::string>>> users() override;
  boost::asio::awaitable<result<std::vector<api::active_token>>> active_tokens() override;
  boost::asio::awaitable<result<std::vector<api::usage_sum>>> usage(api::usage_by by,
                                                                    wall_time from,
                                                                    wall_time to) override;
  boost::asio::awaitable<identity::outcome> run(api::verb what) override;

  /// How the store and the shared cache fare, as who asks them regularly has found; says so in the
  /// log when it changes.
  void note_store(error_code answered);
  void note_cache(bool answers);

 private:
  boost::asio::awaitable<api::server_metrics::worker> look_at(net::worker& one);
  api::traffic_log::reading read_traffic() const;
  void add_http_services(std::vector<api::service_info>& to) const;

  const surroundings around_;
  config::frps_options options_;  // what the server runs with; of the verbs' thread
  const option_reader read_again_;
  net::blocking_pool verbs_{1, 64};    // some make a password's hash, which takes 19 MiB
  net::blocking_pool reports_{1, 64};  // may take long: no key is to wait for one
  std::uint64_t store_errors_ = 0;
  api::login_book logins_;
  const wall_time started_ = wall_clock::now();
  const steady_time started_steady_ = steady_clock::now();
  api::part_health database_{api::part_health::state::none, started_};  // until it was asked
  api::part_health cache_{api::part_health::state::none, started_};
  api::traffic_log traffic_;
};

}  // namespace frpx::server
