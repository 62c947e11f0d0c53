#include "core/networks.hpp"

#include <algorithm>

namespace frpx {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<networks> networks::parse(std::string_view text) {
  networks out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto one = network::parse(trimmed(text.substr(0, comma)));
    if (!one || out.all_.size() == most) return std::nullopt;
    out.all_.push_back(std::move(*one));
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return out;
}

bool networks::contains(const boost::asio::ip::address& address) const {
  return std::any_of(all_.begin(), all_.end(),
                     [&](const network& each) { return each.contains(address); });
}

}  // namespace frpx
