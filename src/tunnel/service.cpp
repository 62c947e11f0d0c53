#include "tunnel/service.hpp"

#include <algorithm>

namespace frpx::tunnel {

bool service::admits(const boost::asio::ip::address& who) const {
  const auto names = [&](const network& each) { return each.contains(who); };
  if (std::any_of(deny.begin(), deny.end(), names)) return false;
  return allow.empty() || std::any_of(allow.begin(), allow.end(), names);
}

}  // namespace frpx::tunnel
