#include "core/networks.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "core/result.hpp"

namespace frpx {

namespace ip = boost::asio::ip;

namespace {

constexpr unsigned mapped_bits = 96;  // of ::ffff:0:0/96, in front of an IPv4 address

/// The first `count` bits are equal.
bool same_bits(const std::array<std::uint8_t, 16>& left, const std::array<std::uint8_t, 16>& right,
               unsigned count) {
  const unsigned whole = count / 8;
  if (!std::equal(left.begin(), left.begin() + whole, right.begin())) return false;
  if (count % 8 == 0) return true;
  const unsigned shift = 8 - count % 8;
  return left[whole] >> shift == right[whole] >> shift;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

networks::bits networks::bits_of(const ip::address& address) {
  return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes()
                         : address.to_v6().to_bytes();
}

std::optional<networks::range> networks::parse_range(std::string_view text) {
  const auto slash = text.find('/');
  error_code error;
  const auto address = ip::make_address(std::string(text.substr(0, slash)), error);
  if (error || (address.is_v6() && address.to_v6().scope_id() != 0)) return std::nullopt;
  const unsigned before = address.is_v4() ? mapped_bits : 0;
  range one{bits_of(address), 128};
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (wrong != std::errc() || end != digits.data() + digits.size() || length > 128 - before) {
      return std::nullopt;
    }
    one.length = before + length;
  }
  for (unsigned bit = one.length; bit < 128; ++bit) {
    if ((one.prefix[bit / 8] >> (7 - bit % 8) & 1U) != 0) return std::nullopt;
  }
  return one;
}

std::optional<networks> networks::parse(std::string_view text) {
  networks out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto one = parse_range(trimmed(text.substr(0, comma)));
    if (!one || out.ranges_.size() == most) return std::nullopt;
    out.ranges_.push_back(*one);
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return out;
}

bool networks::contains(const ip::address& address) const {
  if (ranges_.empty()) return false;
  const bits asked = bits_of(address);
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const range& each) { return same_bits(each.prefix, asked, each.length); });
}

}  // namespace frpx
