// Client tokens as text: JWT (RFC 7519), signed with HS256 (RFC 7518) and nothing else.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "identity/errors.hpp"

namespace frpx::identity {

inline constexpr std::size_t longest_token = 2048;  ///< In bytes; longer ones are not looked at.

/// What a token says, in the members `sub`, `jti`, `iat` and `exp`.
struct claims {
  std::string user_id;
  std::string token_id;
  wall_time issued;   ///< Whole seconds.
  wall_time expires;  ///< Whole seconds.
};

/// Makes and reads tokens. Whether a token was revoked stands in the store, not in its text.
/// Any thread may call; nothing blocks.
class token_signer {
 public:
  /// `signing_secret`: 32 bytes or more.
  explicit token_signer(secret signing_secret) : secret_(std::move(signing_secret)) {}

  result<secret> sign(const claims& of) const;

  /// Error: invalid_token, for every fault: another algorithm, a wrong signature, a missing member,
  /// expired.
  result<claims> read(const secret& token, wall_time now) const;

 private:
  const secret secret_;
};

/// The secret in `file`, which must hold at least 32 bytes and is made with 32 random bytes in hex
/// and mode 0600 if it does not exist, whole or not at all: of several programs that start at once,
/// all get the same. Blocks. Error: bad_secret_file.
result<secret> load_or_make_signing_secret(const std::filesystem::path& file);

/// The secret in a file that must exist (`--token-secret-file`). Blocks. Error: bad_secret_file.
result<secret> load_signing_secret(const std::filesystem::path& file);

}  // namespace frpx::identity
