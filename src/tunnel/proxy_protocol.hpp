// The PROXY protocol's header: who visits, said in front of the visitor's bytes.
#pragma once

#include <string>

#include "core/service_kind.hpp"
#include "net/socket.hpp"

namespace frpx::tunnel {

/// The header for a TCP connection from `visitor` to our `outer` address, as section 2 of
/// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt has it; empty for `none`.
std::string make_proxy_header(proxy_header form, const net::endpoint& visitor,
                              const net::endpoint& outer);

}  // namespace frpx::tunnel
