// An answer about a key as it stands in a cache that servers share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "identity/verdict.hpp"

namespace frpx::identity {

/// What a server found out from the store, for the others. It holds of the state of the store that
/// `change` names (store::change_count()): who has seen a later one does not trust it.
struct key_entry {
  std::uint64_t change = 0;
  wall_time asked;  ///< When the store was.
  std::optional<wall_time> expires;
  verdict said;
};

/// One line of text without any secret.
std::string to_text(const key_entry& entry);

/// Nothing if the text is not one that to_text() makes.
std::optional<key_entry> parse_key_entry(std::string_view text);

/// The name under which the entry of a key stands: its SHA-256 in hexadecimal.
std::string entry_name(std::string_view key);

}  // namespace frpx::identity
