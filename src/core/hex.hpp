// Hexadecimal text and digests.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace frpx {

/// Lower-case hexadecimal.
std::string to_hex(bytes_view bytes);

using digest = std::array<std::byte, 32>;

digest sha256(std::string_view text);
digest hmac_sha256(std::string_view key, std::string_view text);

/// A name for a secret id that does not give it away, the same for ever: the first 16 digits of the
/// SHA-256 of its text. For logs and for the API.
std::string fingerprint(std::string_view secret_id);

}  // namespace frpx
