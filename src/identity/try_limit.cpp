#include "identity/try_limit.hpp"

#include <algorithm>

namespace frpx::identity {
namespace {

// Whoever has one IPv6 address has 2^64 of them.
std::string group_of(const boost::asio::ip::address& from) {
  if (from.is_v4()) return from.to_string();
  const auto bytes = from.to_v6().to_bytes();
  if (from.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, from.to_v6()).to_string();
  }
  return std::string(bytes.begin(), bytes.begin() + 8);
}

}  // namespace

try_limit::duration try_limit::wait_of(const table& of, const std::string& name,
                                       steady_time now) const {
  const auto found = of.find(name);
  if (found == of.end() || found->second.blocked_until <= now) return duration::zero();
  return found->second.blocked_until - now;
}

try_limit::duration try_limit::wait_before(std::string_view account,
                                           const boost::asio::ip::address& from,
                                           steady_time now) const {
  return std::max(wait_of(accounts_, std::string(account), now),
                  wait_of(addresses_, group_of(from), now));
}

void try_limit::count_in(table& of, const std::string& name, steady_time now) {
  if (of.size() >= options_.capacity && !of.contains(name)) {
    of.erase(std::min_element(of.begin(), of.end(), [](const auto& left, const auto& right) {
      return left.second.last < right.second.last;
    }));
  }
  const auto [at, is_new] = of.try_emplace(name);
  guesses& known = at->second;
  if (is_new || now - known.last >= options_.forgotten_after) known = guesses{.window_start = now};
  if (now - known.window_start >= options_.window) {
    known.tries = 0;
    known.window_start = now;
  }
  known.last = now;
  if (++known.tries < options_.tries) return;
  const auto doublings = std::min<std::uint32_t>(known.strikes++, 20);
  const duration delay = std::min<duration>(options_.first_delay * (std::int64_t{1} << doublings),
                                            options_.longest_delay);
  known.blocked_until = now + delay;
}

void try_limit::count(std::string_view account, const boost::asio::ip::address& from,
                      steady_time now) {
  count_in(accounts_, std::string(account), now);
  count_in(addresses_, group_of(from), now);
}

void try_limit::take_back(table& of, const std::string& name, steady_time now) {
  const auto found = of.find(name);
  if (found == of.end() || found->second.tries == 0) return;
  guesses& known = found->second;
  if (known.tries >= options_.tries) {
    known.strikes -= std::min<std::uint32_t>(known.strikes, 1);
    known.blocked_until = now;
  }
  --known.tries;
}

void try_limit::forgive(std::string_view account, const boost::asio::ip::address& from,
                        bool was_right, steady_time now) {
  if (was_right) {
    accounts_.erase(std::string(account));
  } else {
    take_back(accounts_, std::string(account), now);
  }
  take_back(addresses_, group_of(from), now);
}

}  // namespace frpx::identity
