// The API key that a request carries.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/secret.hpp"
#include "http/head.hpp"

namespace frpx::gateway {

/// Finds the key wherever clients put it: `Authorization: Bearer KEY` or `KEY` alone, `Basic` with
/// the key as password (git, wget, browsers), `x-api-key` (Anthropic's clients), `api-key`
/// (Azure's) and `x-goog-api-key`. A client may send several of them, but then they must be equal:
/// which one counts is what two programs could see differently.
///
/// Belongs to one request. Allocates for `Basic` only.
class visitor_key {
 public:
  enum class state : std::uint8_t { absent, present, ambiguous };

  /// Looks into the head, whose bytes live as long as this.
  state find(const http::request_head& head);

  /// The key; empty unless present. Hash it, never log it.
  std::string_view text() const { return text_; }

 private:
  std::string_view key_in(const http::field& from);

  std::string_view text_;
  secret decoded_;  // text_, where it came in Basic
};

}  // namespace frpx::gateway
