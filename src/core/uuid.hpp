// Ids that are used once.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace frpx {

/// A random UUID (RFC 4122, version 4). Its last byte may carry the index of the worker that waits
/// for the answer, so that whoever receives the id finds that worker without a table; 114 random
/// bits remain.
class uuid {
 public:
  uuid() = default;  ///< All zero; never made by the functions below.
  static uuid make();
  static uuid make_for_worker(std::size_t worker);
  /// The canonical form of 36 characters, either case; nothing else.
  static std::optional<uuid> parse(std::string_view text);

  std::string to_string() const;
  std::size_t worker() const { return std::to_integer<std::size_t>(bytes_[15]); }
  const std::array<std::byte, 16>& bytes() const { return bytes_; }
  static uuid from_bytes(const std::byte* from);

  friend auto operator<=>(const uuid&, const uuid&) = default;

  /// For unordered containers: the bytes are random already.
  struct hash {
    std::size_t operator()(const uuid& id) const;
  };

 private:
  std::array<std::byte, 16> bytes_{};
};

}  // namespace frpx
