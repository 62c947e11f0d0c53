// What is said of an API key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "identity/key_meter.hpp"
#include "store/rows.hpp"

namespace frpx::identity {

/// A known key's public side, shared by all verdicts on it.
struct key_facts {
  std::string id;
  std::string name;
  std::string owner;
  store::key_limits limits = {};
  std::shared_ptr<key_meter> meter = nullptr;  ///< Null: its requests are not limited in number.
  std::optional<wall_time> expires = {};
  bool is_fixed = false;  ///< It is that of `--api-key`, of which the store knows nothing.

  /// Whether the lists let it through. A model's name without a tag means the tag `latest`, as with
  /// Ollama.
  bool may_use_model(std::string_view model) const;
  bool may_use_client(std::string_view client_id) const;
};

enum class standing : std::uint8_t { valid, invalid, unavailable };

/// Why a key is not valid; for the log, never for the visitor.
enum class key_fault : std::uint8_t { none, unknown, revoked, expired, unsuitable, store_away };
std::string_view to_string(key_fault value);

/// Who answered: for a debug line and a counter per check. `fixed` is the key of `--api-key`.
enum class answered_by : std::uint8_t { process, redis, database, fixed };
inline constexpr std::size_t answerers = 4;
std::string_view to_string(answered_by value);

struct verdict {
  standing outcome = standing::unavailable;
  key_fault fault = key_fault::store_away;
  answered_by by = answered_by::database;
  bool due = false;  ///< It holds, but is to be asked for anew in the background.
  std::shared_ptr<const key_facts> key;  ///< Null when the key is unknown.

  bool is_valid() const { return outcome == standing::valid; }
};

}  // namespace frpx::identity
