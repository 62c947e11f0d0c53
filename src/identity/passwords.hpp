// Passwords, kept as Argon2id hashes.
#pragma once

#include <string>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "identity/errors.hpp"

namespace frpx::identity {

inline constexpr std::size_t longest_password = 256;  ///< In bytes.

/// Argon2id (RFC 9106) with 19 MiB and 2 passes, as libsodium writes it: `$argon2id$...`. Takes
/// about 15 ms and 19 MiB: call it from the pool, one at a time. Errors: bad_password, failed.
result<std::string> hash_password(const secret& password);

/// Whether `hash` was made from `password`; as slow as making it.
bool verify_password(const std::string& hash, const secret& password);

/// A hash that no password fits, to spend the same time on an unknown user.
const std::string& dummy_password_hash();

}  // namespace frpx::identity
