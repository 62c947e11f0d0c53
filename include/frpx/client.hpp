/// @file
/// The embedded client.
#pragma once

#include <frpx/options.hpp>
#include <frpx/result.hpp>
#include <frpx/service.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frpx {

namespace library {
class entry_state;
class client_engine;
}  // namespace library

/// A service that was registered: a handle, which may be copied; all copies are the same entry. It
/// may outlive its client, whose end ends the tunnel. Every function may be called from any thread.
class register_entry {
 public:
  /// Made by the client alone.
  explicit register_entry(std::shared_ptr<library::entry_state> state);

  /// What was registered.
  const register_info& info() const;
  /// With which limits.
  const control_info& control() const;
  /// Ends the tunnel, with its visitors. Returns at once; nothing if it has ended.
  void cancel();
  /// Becomes ready when the tunnel has ended for good, with the reason: `errc::cancelled` or
  /// `errc::tunnel_ended`.
  std::shared_future<error> done() const;
  /// Waits for that end, at most `timeout`; whether it has come.
  bool wait(std::chrono::milliseconds timeout) const;

 private:
  std::shared_ptr<library::entry_state> state_;
};

/// Registers services with one server, ours or a public proxylite server, and serves their visitors
/// from a thread of its own. Any number of clients may live in one process. Every function may be
/// called from any thread at any time, but not from the logger; those that talk with the server
/// block, at most for `timeout`.
class tunnel_client {
 public:
  /// For the server at `server_address`: `example.com:9933`, `127.0.0.1:9933`; `:9933` is on this
  /// machine. A wrong address shows at the first question.
  explicit tunnel_client(std::string server_address, client_options options = {});
  /// Takes the other's place; the other may only be destroyed then.
  tunnel_client(tunnel_client&& other) noexcept;
  /// Ends what it had, and takes the other's place.
  tunnel_client& operator=(tunnel_client&& other) noexcept;
  /// Ends all tunnels and the thread.
  ~tunnel_client();

  /// Gets the lines of the log from now on.
  void set_logger(logger to);

  /// The ports that the server would give now, in ascending order.
  /// Errors: bad_argument, unreachable, timed_out, unexpected_answer, token_refused.
  result<std::vector<std::uint16_t>> available_ports(
      std::chrono::milliseconds timeout = default_timeout) const;
  /// One of them at random, asked afresh. Errors: the same, no_port.
  result<std::uint16_t> any_port(std::chrono::milliseconds timeout = default_timeout) const;
  /// The services whose name begins with `prefix`. Errors: as of `available_ports`.
  result<std::vector<frpx::service_info>> active_services(
      std::string_view prefix = {}, std::chrono::milliseconds timeout = default_timeout) const;

  /// Opens a tunnel; when it returns a value, visitors may come.
  /// Errors: those of `available_ports`, port_not_allowed, port_occupied, server_error,
  /// already_registered.
  result<register_entry> register_service(const register_info& info,
                                          const control_info& control = {},
                                          std::chrono::milliseconds timeout = default_timeout);

  /// The entry of that name that has not ended; of several the one registered first.
  std::optional<register_entry> entry_by_name(std::string_view name) const;
  /// The entry with that outer port that has not ended.
  std::optional<register_entry> entry_by_port(std::uint16_t outer_port) const;

  /// How long a question may take unless it is told otherwise.
  static constexpr std::chrono::milliseconds default_timeout{10'000};

 private:
  std::unique_ptr<library::client_engine> engine_;
};

}  // namespace frpx
