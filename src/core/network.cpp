#include "core/network.hpp"

#include <charconv>
#include <cstring>

namespace frpx {

namespace ip = boost::asio::ip;

namespace {

// Whether the first `bits` of two texts of bytes are the same.
template <class Bytes>
bool same_prefix(const Bytes& left, const Bytes& right, unsigned bits) {
  const unsigned whole = bits / 8;
  if (std::memcmp(left.data(), right.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (left[whole] ^ right[whole]) >> (8 - rest) == 0;
}

bool is_within(const ip::address& who, const ip::address& base, unsigned prefix) {
  if (who.is_v4() != base.is_v4()) return false;
  return who.is_v4() ? same_prefix(who.to_v4().to_bytes(), base.to_v4().to_bytes(), prefix)
                     : same_prefix(who.to_v6().to_bytes(), base.to_v6().to_bytes(), prefix);
}

bool ends_with_zeros(const ip::address& base, unsigned prefix) {
  const auto has_none = [&](const auto& bytes) {
    for (unsigned i = prefix; i < 8 * bytes.size(); ++i) {
      if (bytes[i / 8] >> (7 - i % 8) & 1) return false;
    }
    return true;
  };
  return base.is_v4() ? has_none(base.to_v4().to_bytes()) : has_none(base.to_v6().to_bytes());
}

}  // namespace

ip::address unmapped(const ip::address& from) {
  if (!from.is_v6() || !from.to_v6().is_v4_mapped()) return from;
  return ip::make_address_v4(ip::v4_mapped, from.to_v6());
}

std::optional<network> network::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code bad;
  const auto base = ip::make_address(std::string(text.substr(0, slash)), bad);
  if (bad || (base.is_v6() && base.to_v6().is_v4_mapped())) return std::nullopt;
  const unsigned longest = base.is_v4() ? 32 : 128;
  unsigned prefix = longest;
  if (slash != text.npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, failed] =
        std::from_chars(number.data(), number.data() + number.size(), prefix);
    if (failed != std::errc() || end != number.data() + number.size() || prefix > longest) {
      return std::nullopt;
    }
  }
  if (!ends_with_zeros(base, prefix)) return std::nullopt;
  return network(base, prefix);
}

bool network::contains(const ip::address& who) const {
  return is_within(unmapped(who), base_, prefix_);
}

std::string network::to_string() const {
  const unsigned longest = base_.is_v4() ? 32 : 128;
  std::string text = base_.to_string();
  if (prefix_ != longest) text += "/" + std::to_string(prefix_);
  return text;
}

}  // namespace frpx
