// The link that takes the place of segments between our own programs.
#pragma once

#include "link/ledger.hpp"
#include "link/machine.hpp"

namespace frpx::link::proxylite {

/// Both sides take these without saying so: `link/1` of the proxylite wire (docs/proxylite.md). No
/// stream moves to a connection of its own, for there is no port to bring one to; so the floors are
/// low enough that all 16,384 fit into their half of the bound.
inline link::options link_options(credit_pool& credit) {
  return {
      .streams = 16'384, .early = 2 * 1024, .floor = 2 * 1024, .pool = &credit, .move_after = 0};
}

}  // namespace frpx::link::proxylite
