// Sets of ports, as people write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frpx::ports {

/// The ports from `first` to `last`, both among them; `first` is at least 1 and at most `last`.
struct range {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  bool operator==(const range&) const = default;
};

/// Ranges in the order in which they were written, which is the order in which ports are given.
/// They may overlap; each port counts once, where it stands first.
class ranges {
 public:
  static constexpr std::size_t most = 1024;
  static constexpr std::string_view largest_text = "1024-65535";

  ranges() = default;
  explicit ranges(std::vector<range> list) : list_(std::move(list)) {}

  /// `6000-7000,8000-9000,10022`; spaces around numbers and commas are let through. Nothing when
  /// the text is of another form, names a port beyond 1 to 65535, a range that goes downwards, or
  /// more than `most` ranges; `problem` then says what and where.
  static std::optional<ranges> parse(std::string_view text, std::string& problem);

  /// The same form again, without spaces.
  std::string to_string() const;

  bool empty() const { return list_.empty(); }
  const std::vector<range>& list() const { return list_; }
  bool contains(std::uint32_t port) const;
  /// Every port once, in order.
  std::vector<std::uint16_t> ports() const;

  bool operator==(const ranges&) const = default;

 private:
  std::vector<range> list_;
};

/// Which ports a user may have, as people write it, in the form in which store::user keeps it:
/// `any` becomes the empty text. Nothing for what ranges::parse does not take; `problem` says why.
std::optional<std::string> kept_form(std::string_view ports_of_user, std::string& problem);

}  // namespace frpx::ports
