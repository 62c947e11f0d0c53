// What can go wrong between sockets and threads.
#pragma once

#include "core/result.hpp"

namespace frpx::net {

enum class errc {
  late = 1,      ///< No answer within the deadline.
  busy,          ///< The queue in front of the answer is full.
  bad_address,   ///< Neither an IP address nor a name.
  unknown_host,  ///< The name has no address.
  name_server,   ///< The name servers do not answer.
};

error_code make_error_code(errc value);

}  // namespace frpx::net

template <>
struct boost::system::is_error_code_enum<frpx::net::errc> : std::true_type {};
