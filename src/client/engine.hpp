// The client's engine: keeps one client registered with one server.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

#include "client/backoff.hpp"
#include "client/control_channel.hpp"
#include "client/errc.hpp"
#include "client/exposed_services.hpp"
#include "client/health_watch.hpp"
#include "client/link_set.hpp"
#include "client/model_watch.hpp"
#include "client/stream_set.hpp"
#include "client/token_file.hpp"
#include "config/options.hpp"
#include "host/metrics.hpp"
#include "net/blocking_pool.hpp"
#include "net/resolver.hpp"
#include "net/task_group.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"

namespace frpx::client {

enum class state {
  resolving,    ///< Looking the server's name up.
  connecting,   ///< To the control port.
  logging_in,   ///< With the token or with the credentials.
  registering,  ///< Under the client id.
  registered,   ///< Streams may come.
  waiting,      ///< After a failure, before the next try.
  draining,     ///< Stopping: no new streams, those that are open may end.
};

/// The state's name, for logs.
const char* to_string(state which);

/// Why an engine ended.
enum class ending {
  stopped,              ///< `stop` was called.
  credentials_refused,  ///< E-mail and password are wrong.
  no_credentials,       ///< There is no token, or it was refused, and no e-mail and password.
};

struct engine_settings {
  config::frpc_options options;     ///< `client_id` is not empty.
  std::optional<kept_token> token;  ///< As loaded; used if it fits server and e-mail.
  std::chrono::milliseconds heartbeat{10'000};
  /// A session that lived so long shows that the server is well: the next wait is short again.
  std::chrono::milliseconds proven{10'000};
  std::function<void(state)> on_state = nullptr;  ///< Called on the worker at each change.
};

/// Logs in, registers, reports and serves the server's orders; when anything of that fails it waits
/// and begins anew, for ever, unless nobody could log in with what it was given. All of the control
/// connection is one coroutine; streams and the list of models are cared for beside it.
///
/// Lives on one worker, which calls everything. `run` owns whatever the engine starts and ends when
/// all of it has; it must not be cancelled: call `stop`.
class engine {
 public:
  /// The references outlive the engine. `files` writes the token file.
  engine(net::worker& home, net::resolver& names, net::blocking_pool& files,
         engine_settings settings);

  /// Runs until it ends; once.
  boost::asio::awaitable<ending> run();
  /// The first call: takes no further orders, and ends once no stream is left, at the latest after
  /// the drain deadline. The second: ends at once.
  void stop();
  /// These services from now on, and the local service on the server's public port or not.
  void set_services(std::vector<config::service_entry> services, bool serves_http);

  state now() const { return state_; }
  std::vector<service_status> services() const { return services_.look(); }

 private:
  class session_scope;

  boost::asio::awaitable<void> keep_registered();
  boost::asio::awaitable<error_code> attempt();
  boost::asio::awaitable<result<std::unique_ptr<net::socket>>> connect(net::endpoint& server);
  boost::asio::awaitable<error_code> log_in(control_channel& channel);
  boost::asio::awaitable<error_code> take_login(wire::login_result answer, bool by_token);
  boost::asio::awaitable<error_code> enlist(control_channel& channel);
  template <class Answer>
  boost::asio::awaitable<result<Answer>> ask(control_channel& channel, wire::command question);
  boost::asio::awaitable<error_code> serve(control_channel& channel, net::endpoint server);
  boost::asio::awaitable<void> part(control_channel& channel);
  boost::asio::awaitable<void> remember(secret token);
  boost::asio::awaitable<void> pause();

  error_code take_orders(control_channel& channel);
  void take_order(wire::command order);
  error_code report(control_channel& channel);
  error_code report_models(control_channel& channel);
  bool has_credentials() const;
  bool may_use_token() const;
  bool is_final(const error_code& why);
  void enter(state next);
  void say_failure(const error_code& why);

  net::worker& home_;
  net::resolver& names_;
  net::blocking_pool& files_;
  engine_settings settings_;
  secret renewed_token_;      // came over the living connection; to be remembered
  secret refused_token_;      // not to be sent again; the next login by password brings another
  const std::string server_;  // host:port, as the token file remembers it

  host::meter meter_;
  exposed_services services_;
  model_watch models_;
  health_watch health_;
  stream_set streams_;
  datagram_set datagrams_;
  link_set links_;
  net::wakeup bell_;  // of the control connection's coroutine
  net::alarm late_;   // for the server's answers, and between two tries
  net::alarm beat_;
  net::alarm silent_;  // the server, which answers each heartbeat on a link/1 connection
  net::alarm drained_;
  backoff backoff_;

  state state_ = state::waiting;
  bool stopping_ = false;
  bool uses_links_ = false;
  bool uses_services_ = false;
  bool uses_choice_ = false;  // the server wants to know what helps it to choose
  bool drain_said_ = false;
  const std::string instance_ = uuid::make().to_string();
  bool models_changed_ = false;
  std::uint32_t models_left_out_ = 0;  // as it was said last
  std::string said_;                   // by the server, when it refused
  std::string last_failure_;           // as it was said; empty while all is well
  ending ending_ = ending::stopped;
  net::task_group tasks_;
};

}  // namespace frpx::client
