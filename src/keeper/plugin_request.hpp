// What the public frp server asks its plugin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/lease.hpp"

namespace frpx::keeper {

/// A request's body: https://github.com/fatedier/frp/blob/dev/doc/server_plugin.md
struct plugin_request {
  std::string op;  ///< Empty if there is none.
  std::string_view
      content;  ///< The bytes of the value; empty if there is none. A view of the body.
};

/// Nothing when the body is no JSON object, or names a member twice that is looked at.
std::optional<plugin_request> read_plugin_request(std::string_view body);

/// The content of a `NewProxy`. The views are of the content.
struct registration {
  ports::wish asked;     ///< `over` is meaningful if `has_port`.
  bool has_port = true;  ///< The proxy's kind has a remote port: tcp or udp.
  std::string_view content;
  std::string_view remote_port;  ///< The bytes of its value; empty if there is none.
  std::size_t behind_last = 0;   ///< Where the last member ends.
};

/// Nothing when the content lacks `proxy_name`, `proxy_type` or (unless `allow_no_user`) the user,
/// when one of them is no text that a lease may hold, or when a member that is looked at stands
/// there twice. `lacks_user`, if given, says whether only the user was missing.
std::optional<registration> read_new_proxy(std::string_view content, bool allow_no_user,
                                           bool* lacks_user = nullptr);

/// The content again, byte for byte, but for the value of `remote_port`.
std::string with_remote_port(const registration& of, std::uint16_t port);

/// Whom a `Ping` or `CloseProxy` is about; empty where the content does not say.
struct sign_of_life {
  std::string run_id;
  std::string proxy;
};
sign_of_life read_sign_of_life(std::string_view content);

}  // namespace frpx::keeper
