#include "api/login_book.hpp"

#include <algorithm>

#include "core/random.hpp"

namespace frpx::api {

login_book::issued login_book::add(operator_user who, wall_time now, steady_time steady_now) {
  std::erase_if(logins_, [&](const auto& each) { return each.second.expires <= now; });
  if (logins_.size() >= most) {
    logins_.erase(
        std::min_element(logins_.begin(), logins_.end(), [](const auto& left, const auto& right) {
          return left.second.expires < right.second.expires;
        }));
  }
  issued given{secret(random_hex(32)), now + life};
  logins_.insert_or_assign(sha256(given.token.reveal()),
                           login{std::move(who), given.expires, steady_now});
  return given;
}

login_book::login* login_book::find(std::string_view token, wall_time now) {
  const auto found = logins_.find(sha256(token));
  if (found == logins_.end()) return nullptr;
  if (found->second.expires > now) return &found->second;
  logins_.erase(found);
  return nullptr;
}

bool login_book::remove(std::string_view token) {
  return logins_.erase(sha256(token)) != 0;
}

}  // namespace frpx::api
