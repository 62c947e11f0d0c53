/// @file
/// What a hook is told.
#pragma once

#include <frpx/result.hpp>
#include <frpx/service.hpp>

#include <any>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace frpx {

namespace library {
class context_source;
}

/// What a hook is about: a tunnel, mostly one of its visitors, perhaps bytes on their way. It lives
/// as long as the call of the hook and is used by the thread that calls the hook.
class hook_context {
 public:
  /// Made by the server alone.
  explicit hook_context(library::context_source& from) : from_(from) {}
  hook_context(const hook_context&) = delete;
  hook_context& operator=(const hook_context&) = delete;

  /// The service as it is now.
  frpx::service_info service_info() const;
  /// The visitor's address, `1.2.3.4:5`; empty in a hook about a tunnel.
  std::string user_remote_address() const;
  /// Where the visitor connected to; empty in a hook about a tunnel.
  std::string user_local_address() const;
  /// The address of the client that serves the tunnel; empty once that has left.
  std::string inner_remote_address() const;
  /// Our end of that client's connection.
  std::string inner_local_address() const;

  /// The bytes on their way, which may be changed in place. Empty in hooks that are not about
  /// bytes, and in the last call of each direction: that side has ended its sending.
  std::span<std::byte> data() const;

  /// Keeps a value under that name as long as the tunnel lives, for every hook about it. Any number
  /// of hooks may run at once: each put and get is whole, but two together are not one.
  void put_value(const std::string& name, std::any value);
  /// What was put last under that name; nothing (`!has_value()`) if nothing was.
  std::any get_value(const std::string& name) const;

  /// Ends the visitor with a reset, soon. Error: errc::nothing_to_abort when the hook is not about
  /// a visitor, or about one that is leaving.
  result<void> abort_user();
  /// Ends the tunnel with all its visitors, soon. Error: errc::nothing_to_abort when it has ended.
  result<void> abort_tunnel();

 private:
  library::context_source& from_;
};

/// A function that is called when something happens. It runs on a thread of the server's and must
/// not block; hooks about several visitors may run at once. When it throws, what it was about is
/// ended: the visitor, or the tunnel.
using hook = std::function<void(hook_context&)>;

}  // namespace frpx
