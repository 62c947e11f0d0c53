// Which addresses are meant: a list of networks.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/network.hpp"

namespace frpx {

/// A set of networks, as in `127.0.0.1,10.0.0.0/8,2001:db8::/32`. Immutable; any thread.
class networks {
 public:
  static constexpr std::size_t most = 64;

  /// None.
  networks() = default;
  /// Reads up to `most` networks, separated by commas. Nothing when one of them is none. An empty
  /// text names none.
  static std::optional<networks> parse(std::string_view text);

  bool contains(const boost::asio::ip::address& address) const;

 private:
  std::vector<network> all_;
};

}  // namespace frpx
