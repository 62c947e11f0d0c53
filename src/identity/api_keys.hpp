// API keys: what lets a visitor in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "store/rows.hpp"

namespace frpx::identity {

inline constexpr std::size_t longest_key = 512;  ///< In bytes; longer ones are not looked up.

struct new_key {
  secret text;         ///< `frpx_` and 43 characters of base64url (RFC 4648): shown once.
  store::api_key row;  ///< Holds the text's hash only; not yet added to a store.
};

/// Makes a key of 256 random bits. `owner` is a user's id or empty.
new_key make_key(std::string name, std::string owner, std::optional<wall_time> expires,
                 wall_time now);

/// The row for a key whose text is given.
store::api_key row_of_key(const secret& text, std::string name, std::string owner,
                          std::optional<wall_time> expires, wall_time now);

}  // namespace frpx::identity
