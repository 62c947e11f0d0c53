// Why a stream could not be opened, or a client not be let in.
#pragma once

#include "core/result.hpp"

namespace frpx::tunnel {

enum class errc {
  session_gone = 1,   ///< The client's session ended.
  late,               ///< The client did not bring the stream in time.
  too_many,           ///< A bound on pending streams or sessions is met.
  already_connected,  ///< The client id is in use.
  contested,          ///< Two programs evict each other under one client id.
  banned,             ///< An operator disconnected this id a moment ago.
};

error_code make_error_code(errc value);

}  // namespace frpx::tunnel

template <>
struct boost::system::is_error_code_enum<frpx::tunnel::errc> : std::true_type {};
