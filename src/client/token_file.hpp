// The token of the last login, kept for the next one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace frpx::client {

/// A token and where it may be used. A file of the public client holds the token alone: server and
/// e-mail are then empty, and it fits any.
struct kept_token {
  secret token;
  std::string server;  ///< `host:port` of the control port.
  std::string email;

  /// Whether it may be sent to `server` on behalf of `email` (empty: whoever the token names).
  bool fits(const std::string& server, const std::string& email) const;
};

inline constexpr std::size_t largest_token_file = 64 * 1024;

/// Reads `{"token":"..."}`, with or without our fields `server` and `email`. Nothing if there is no
/// such file. Blocks on a small file.
result<std::optional<kept_token>> load_token(const std::filesystem::path& file);

/// Replaces the file at once, so that a reader finds the old one or the new one; mode 0600 from the
/// first moment on. Blocks until it is on the disk.
result<void> save_token(const std::filesystem::path& file, const kept_token& kept);

}  // namespace frpx::client
