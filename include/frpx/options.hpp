/// @file
/// What servers and clients can be told.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace frpx {

/// What a server can be told besides its ports.
struct server_options {
  std::size_t workers = 0;   ///< Threads that move bytes, 1 to 64; 0: half the processor's cores.
  std::size_t visitors = 0;  ///< Most visitors of all tunnels at once; 0: as files may be open.
  std::string token;         ///< What a client must show for anything; empty: nothing.
  std::vector<std::string> allow;  ///< Networks (`10.0.0.0/8`) that may connect; empty: all.
  std::string outer_address;       ///< Where outer ports are opened; empty: where `start` listens.
};

/// What a client can be told besides its server.
struct client_options {
  std::string token;       ///< What the server asks for; public servers ask for none.
  bool reconnect = false;  ///< Register a tunnel that ended again, until it is there.
};

}  // namespace frpx
