#include "api/login_book.hpp"

#include <algorithm>

#include "core/random.hpp"

namespace frpx::api {

login_book::issued login_book::add(operator_user who, wall_time now, steady_time steady_now) {
  expire(now);
  if (logins_.size() >= most) {
    end(std::min_element(logins_.begin(), logins_.end(), [](const auto& left, const auto& right) {
      return left.second.expires < right.second.expires;
    }));
  }
  issued given{secret(random_hex(32)), now + life};
  logins_.insert_or_assign(sha256(given.token.reveal()),
                           login{std::move(who), given.expires, steady_now, {}});
  return given;
}

login_book::login* login_book::find(const digest& token, wall_time now) {
  const auto found = logins_.find(token);
  if (found == logins_.end()) return nullptr;
  if (found->second.expires > now) return &found->second;
  end(found);
  return nullptr;
}

bool login_book::remove(const digest& token) {
  const auto found = logins_.find(token);
  if (found == logins_.end()) return false;
  end(found);
  return true;
}

void login_book::expire(wall_time now) {
  for (auto at = logins_.begin(); at != logins_.end();) {
    const auto each = at++;
    if (each->second.expires <= now) end(each);
  }
}

void login_book::doubt() {
  for (auto& [token, each] : logins_) each.confirmed -= believed;
}

std::vector<digest> login_book::followed() const {
  std::vector<digest> all;
  for (const auto& [token, each] : logins_) {
    if (!each.followers.empty()) all.push_back(token);
  }
  return all;
}

void login_book::end(std::map<digest, login>::iterator which) {
  const auto gone = logins_.extract(which);
  for (follower* const each : gone.mapped().followers) {
    each->of_ = nullptr;
    each->login_ended();
  }
}

login_book::follower::follower(login* of) : of_(of) {
  if (of_ != nullptr) place_ = of_->followers.insert(of_->followers.end(), this);
}

login_book::follower::~follower() {
  if (of_ != nullptr) of_->followers.erase(place_);
}

}  // namespace frpx::api
