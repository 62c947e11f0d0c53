// Why a stream or a tunnel could not be opened, a client not be let in, or a tunnel has ended.
#pragma once

#include "core/result.hpp"

namespace frpx::tunnel {

enum class errc {
  session_gone = 1,   ///< The client's session ended.
  late,               ///< The client did not bring the stream in time.
  too_many,           ///< A bound on pending streams or sessions is met.
  already_connected,  ///< The client id is in use.
  contested,          ///< Two programs evict each other under one client id.
  not_yours,          ///< The client id belongs to another account.
  banned,             ///< An operator disconnected this id a moment ago.
  store_away,         ///< The database does not answer.
  port_not_allowed,   ///< The port lies outside of the server's ranges, or it has none.
  port_not_yours,     ///< The account may not have that port.
  too_many_ports,     ///< The account has as many outer ports as it may.
  port_occupied,      ///< The port is open, or promised to another.
  name_in_use,        ///< Another client of the account has a service of that name.
  group_differs,      ///< The service's group was registered otherwise.
  unknown_service,    ///< The client has no service of that name.
  bad_service,        ///< A field of the service is beyond its bounds.
  cancelled,          ///< Its client closed the tunnel.
  served_out,         ///< The tunnel has served as many visitors as it may.
  time_over,          ///< The tunnel's time is over.
  aborted,            ///< The server's program ended the tunnel.
};

error_code make_error_code(errc value);

}  // namespace frpx::tunnel

template <>
struct boost::system::is_error_code_enum<frpx::tunnel::errc> : std::true_type {};
