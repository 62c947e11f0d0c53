// A client's control connection: login, registration, heartbeats, orders.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

#include "identity/logins.hpp"
#include "net/admission.hpp"
#include "net/listener.hpp"
#include "net/wakeup.hpp"
#include "tunnel/frpx/command_pace.hpp"
#include "tunnel/frpx/service_orders.hpp"
#include "tunnel/registry.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::tunnel::frpx_dialect {

class dialect;

/// Owns the socket from accept to the end of the session. One coroutine reads, writes and waits;
/// others on the home worker may `send` and `close`.
class control_connection {
 public:
  control_connection(dialect& owner, net::accepted one, net::admission::ticket ticket);
  ~control_connection();

  /// Until the client has gone, was refused, fell silent, or `close` was called.
  boost::asio::awaitable<void> run();

  /// Writes at once what the socket takes. A client that does not read its orders (1 MiB of them)
  /// is gone.
  void send(const wire::command& what);
  /// Ends the session; `why` is logged.
  void close(std::string why);

 private:
  boost::asio::awaitable<std::optional<identity::account>> log_in();
  boost::asio::awaitable<result<identity::account>> judge(wire::command first);
  boost::asio::awaitable<bool> accept_account(const identity::account& who);
  boost::asio::awaitable<void> refuse_login(error_code why);
  boost::asio::awaitable<bool> register_client(const identity::account& who);
  boost::asio::awaitable<error_code> claim_id(std::string client_id, std::string user_id);
  boost::asio::awaitable<result<service_orders::allowance>> ask_allowance();
  boost::asio::awaitable<void> serve();
  void take(const wire::command& what);
  void take_report(const wire::heartbeat& said);

  /// The next command; nothing when the connection has come to its end, and `ended_` says why.
  boost::asio::awaitable<std::optional<wire::command>> next();
  boost::asio::awaitable<void> keep_pace();
  boost::asio::awaitable<void> flush_and_finish();
  bool flush();
  void leave();

  dialect& owner_;
  const std::string peer_;
  const boost::asio::ip::address address_;
  net::socket socket_;
  net::wakeup bell_;
  net::stream_watch watch_;
  net::alarm alarm_;
  std::optional<net::admission::ticket> ticket_;  // until the login
  wire::frame_reader reader_;
  command_pace pace_;
  std::string out_;
  std::size_t sent_ = 0;
  std::string ended_;
  bool closed_ = false;  // by us
  bool is_ours_ = false;
  bool uses_links_ = false;
  bool uses_choice_ = false;
  bool uses_services_ = false;
  claim claim_;
  credential came_by_;
  std::shared_ptr<session> session_;
  std::optional<service_orders> services_;  // once the session is there
};

}  // namespace frpx::tunnel::frpx_dialect
