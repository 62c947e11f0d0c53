// The server's side of the proxylite dialect (docs/proxylite.md).
#pragma once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/network.hpp"
#include "core/secret.hpp"
#include "link/ledger.hpp"
#include "link/proxylite/conversation.hpp"
#include "net/admission.hpp"
#include "net/listener.hpp"
#include "net/worker.hpp"
#include "tunnel/outer_ports.hpp"
#include "tunnel/proxylite/carrier.hpp"
#include "tunnel/proxylite/client_session.hpp"

namespace frpx::tunnel::proxylite {

struct options {
  std::vector<network> allow;  ///< Who may connect; empty: everybody who reaches the port.
  secret token;                ///< What a client must show for anything; empty: nothing.
  std::chrono::milliseconds first_frame{5'000};
  std::size_t most_pending = 1024;         ///< Connections that are no tunnel.
  std::uint64_t link_credit = 1ull << 30;  ///< Promised on all links together, in bytes.
  bool offers_links = true;                ///< To clients of ours.
};

/// Answers questions about ports and services, and makes tunnels of registrations. Each connection
/// stays on the worker that accepted it; the tunnels' table is asked on the home worker.
///
/// Lives as long as the workers. `end_all` before they end.
class dialect {
 public:
  dialect(net::worker_pool& workers, outer_ports& tunnels, options how);
  dialect(const dialect&) = delete;
  dialect& operator=(const dialect&) = delete;
  ~dialect();

  /// The handler for the listener; any placing.
  void accept(net::worker& on, net::accepted one);
  /// Tunnels whose connection lives. Any thread.
  std::size_t sessions() const { return sessions_.load(std::memory_order_relaxed); }
  /// Ends every tunnel's connection, soon. Any thread.
  void end_all();
  /// Ends that one. Any thread.
  void end_session(net::worker& on, std::uint64_t number);

 private:
  using conversation = link::proxylite::conversation;
  struct registration;

  // What one worker has; it alone touches it.
  struct share {
    std::unique_ptr<std::byte[]> receive_buffer;
    struct entry {
      std::shared_ptr<client_session> session;
      net::placement placed;  // its visitors will be served here too
      std::unique_ptr<carrier> by;
    };
    std::unordered_map<std::uint64_t, entry> sessions;
  };

  boost::asio::awaitable<void> serve(net::worker& on, net::accepted one,
                                     net::admission::ticket ticket);
  boost::asio::awaitable<void> answer(net::worker& on, conversation& with,
                                      wire::proxylite::message first);
  boost::asio::awaitable<void> refuse(conversation& with, error_code why);
  bool is_shown(const secret& token) const {
    return options_.token.empty() || token == options_.token;
  }
  boost::asio::awaitable<void> say_and_part(conversation& with, wire::proxylite::message what);
  boost::asio::awaitable<void> answer_free_ports(conversation& with);
  boost::asio::awaitable<void> answer_services(conversation& with, std::string prefix);
  boost::asio::awaitable<void> take_registration(net::worker& on, conversation& with,
                                                 wire::proxylite::register_service wish);
  boost::asio::awaitable<error_code> open(wire::proxylite::register_service wish,
                                          std::shared_ptr<client_session> client);
  void carry(net::worker& on, conversation& with, client_session& client, bool by_link);
  void gone(net::worker& on, std::uint64_t number);

  net::worker_pool& workers_;
  outer_ports& tunnels_;
  const options options_;
  net::admission pending_;
  link::credit_pool credit_;
  std::vector<share> shares_;
  std::atomic<std::size_t> sessions_{0};
  std::atomic<std::uint64_t> last_number_{0};
};

}  // namespace frpx::tunnel::proxylite
