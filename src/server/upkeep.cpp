#include "server/upkeep.hpp"

#include <algorithm>
#include <set>

#include "core/log.hpp"
#include "core/names.hpp"

namespace frpx::server {

namespace asio = boost::asio;

namespace {

constexpr auto watch_every = std::chrono::milliseconds(200);
constexpr auto run_every = std::chrono::seconds(1);
constexpr auto show_again = std::chrono::seconds(20);  // well below `silent`
constexpr auto silent = std::chrono::seconds(60);
constexpr auto remove_expired_every = std::chrono::hours(1);
constexpr auto usage_lasts = std::chrono::days(400);
constexpr auto audit_lasts = std::chrono::days(400);
constexpr auto patience = std::chrono::seconds(30);

bool is_due(steady_time last, steady_time now, steady_clock::duration every) {
  return last == steady_time::min() || now - last >= every;
}

store::asset row_of(const std::string& client_id, const std::string& user_id,
                    const std::string& name, bool online) {
  const wall_time now = wall_clock::now();
  return {.user_id = user_id,
          .machine_id = client_id,
          .name = name,
          .online = online,
          .created = now,
          .updated = now};
}

bool says_nothing_of_the_row(error_code why) {
  return why != store::errc::not_found && why != store::errc::bad_value &&
         why != store::errc::already_exists && why != store::errc::failed;
}

}  // namespace

upkeep::upkeep(surroundings around, health_listener tell, change_listener changed)
    : around_(around), tell_(std::move(tell)), changed_(std::move(changed)) {}

asio::awaitable<void> upkeep::watch() {
  auto& keys = around_.keys;
  bool must_look = false;  // a change was heard of and not yet acted upon
  for (;;) {
    const auto heard = co_await watching_.run([&keys] { return keys.refresh(); }, patience);
    store_answers_ = heard.has_value();
    tell_(heard ? error_code() : heard.error(), keys.shared_answers());
    const bool changed = heard && *heard == identity::key_checker::news::changed;
    must_look |= changed;
    // A client may have been judged before a change and have come in behind it; and keys expire
    // without a change.
    must_look |= newest_session() > looked_at_;
    must_look |= around_.entry.take_expired();
    if (heard && must_look) must_look = !co_await end_revoked();
    if (changed) co_await changed_();
    co_await net::pause(watch_every);
  }
}

std::vector<upkeep::held> upkeep::holders() const {
  std::vector<held> all;
  for (const auto& each : around_.clients.sessions()) {
    const auto& facts = each->facts();
    all.push_back({facts.number, each->came_by, facts.client_id, facts.user_id});
  }
  return all;
}

// The session, if it lives and came in by the same still.
tunnel::session* upkeep::find(const held& of) const {
  const auto found = around_.clients.find(of.client_id);
  if (!found || found->facts().number != of.session) return nullptr;
  const bool same =
      found->came_by.token_id == of.by.token_id && found->came_by.key_id == of.by.key_id;
  return same ? found.get()
              : nullptr;  // the registry keeps it until the caller returns to the loop
}

std::uint64_t upkeep::newest_session() const {
  std::uint64_t newest = 0;
  for (const auto& each : around_.clients.sessions()) {
    newest = std::max(newest, each->facts().number);
  }
  return newest;
}

// Which of them were let in by what lets nobody in any more. Blocks.
result<upkeep::findings> upkeep::judge(store::store& by, const std::vector<held>& sessions,
                                       const gateway::used_keys& keys) {
  std::set<std::string> tokens;
  std::set<std::string> users;
  std::set<std::string> all_keys;
  for (const auto& each : keys) all_keys.insert(each.id);
  for (const held& each : sessions) {
    if (!each.by.token_id.empty()) tokens.insert(each.by.token_id);
    if (!each.by.key_id.empty()) all_keys.insert(each.by.key_id);
    if (!each.user_id.empty()) users.insert(each.user_id);
  }
  const auto as_list = [](const auto& set) {
    return std::vector<std::string>(set.begin(), set.end());
  };
  const auto valid_tokens = by.valid_tokens(as_list(tokens));
  if (!valid_tokens) return valid_tokens.error();
  const auto valid_keys = by.valid_keys(as_list(all_keys));
  if (!valid_keys) return valid_keys.error();
  const auto known_users = by.find_users(as_list(users));
  if (!known_users) return known_users.error();

  for (const auto& each : *valid_tokens) tokens.erase(each);
  std::map<std::string_view, std::optional<wall_time>> good_until;
  for (const auto& each : *valid_keys) good_until.emplace(each.id, each.expires);
  std::map<std::string_view, const store::user*> user_of;
  for (const auto& each : *known_users) user_of.emplace(each.id, &each);
  findings found;
  for (const held& each : sessions) {
    const auto at = user_of.find(each.user_id);
    const store::user* const user = at == user_of.end() ? nullptr : at->second;
    const auto& mark = each.by.password_mark;
    const char* why = nullptr;
    if (!each.user_id.empty() && user == nullptr) {
      why = "its user was removed";
    } else if (user != nullptr && !store::may_bring_clients(user->role)) {
      why = "its user may not connect clients any more";
    } else if (tokens.contains(each.by.token_id)) {
      why = "its token was revoked";
    } else if (!each.by.key_id.empty() && !good_until.contains(each.by.key_id)) {
      why = "its key was revoked";
    } else if (mark && user != nullptr && *mark != identity::password_mark(*user)) {
      why = "its user has another password";
    }
    if (why != nullptr) found.sessions.push_back({each, why});
  }
  for (const auto& each : keys) {
    const auto good = good_until.find(each.id);
    if (good == good_until.end()) {
      found.keys.ended.insert(each.id);
    } else if (good->second != each.expires) {
      found.keys.expire.insert_or_assign(each.id, good->second);
    }
  }
  return found;
}

// False: not all could be asked, so it is to be tried again.
asio::awaitable<bool> upkeep::end_revoked() {
  const std::uint64_t newest = newest_session();
  auto keys = co_await around_.entry.keys_in_use();
  if (!keys) co_return false;
  auto sessions = holders();
  if (sessions.empty() && keys->empty()) co_return true;
  const auto found =
      co_await watching_.run([&store = around_.store, sessions = std::move(sessions),
                              keys = std::move(*keys)] { return judge(store, sessions, keys); },
                             patience);
  if (!found) co_return false;
  looked_at_ = std::max(looked_at_, newest);
  if (!found->keys.empty()) around_.entry.apply(found->keys);
  for (const doomed& each : found->sessions) {
    if (auto* session = find(each.who)) session->end(each.why);
  }
  co_return true;
}

asio::awaitable<void> upkeep::run() {
  for (;;) {
    if (store_answers_) {
      const steady_time now = steady_clock::now();
      co_await show_machines(now);
      co_await bind_tokens();
      co_await renew_tokens();
      co_await tidy(now);
    }
    co_await net::pause(run_every);
  }
}

// What the store should be told: who is new, was renamed, has gone, or was last shown long ago.
std::vector<upkeep::machine> upkeep::machines_to_put(steady_time now) {
  std::vector<machine> due;
  std::set<std::string_view> here;
  for (const auto& each : around_.clients.sessions()) {
    const auto& facts = each->facts();
    if (facts.user_id.empty()) continue;
    here.insert(facts.client_id);
    const bool is_named = each->machine && is_plain_text(each->machine->usage.computer_name);
    const std::string& name = is_named ? each->machine->usage.computer_name : facts.client_id;
    shown& known = machines_[facts.client_id];
    const bool changed = known.user_id != facts.user_id || known.name != name || !known.online;
    if (!changed && !is_due(known.put_at, now, show_again)) continue;
    known = {facts.user_id, name, true, known.put_at};
    due.push_back({facts.client_id, known});
  }
  for (auto& [client_id, known] : machines_) {
    if (here.contains(client_id)) continue;
    known.online = false;
    due.push_back({client_id, known});
  }
  return due;
}

asio::awaitable<void> upkeep::show_machines(steady_time now) {
  auto due = machines_to_put(now);
  if (due.empty()) co_return;
  const auto done = co_await around_.blocking.run(
      [&store = around_.store, due]() -> result<std::size_t> {
        std::size_t count = 0;
        for (const machine& each : due) {
          const auto put = store.put_asset(
              row_of(each.client_id, each.as.user_id, each.as.name, each.as.online));
          if (!put && says_nothing_of_the_row(put.error())) break;  // again, when the store is back
          if (!put) {
            static log::rate_limit limiter(1);
            if (limiter.pass()) {
              log::warn("the machine of client {} cannot be shown in gpu_assets: {}{}",
                        each.client_id, put.error().message(), limiter.more());
            }
          }
          ++count;
        }
        return count;
      },
      patience);
  if (!done) co_return;
  due.resize(*done);
  for (const machine& each : due) {
    const auto known = machines_.find(each.client_id);
    if (known == machines_.end()) continue;
    if (known->second.online) {
      known->second.put_at = now;
    } else {
      machines_.erase(known);
    }
  }
}

asio::awaitable<void> upkeep::bind_tokens() {
  std::vector<held> unbound;
  std::map<std::uint64_t, std::string> bound;
  for (held& each : holders()) {
    const auto known = bound_.find(each.session);
    if (each.by.token_id.empty()) continue;
    if (known != bound_.end() && known->second == each.by.token_id) {
      bound.insert(*known);
    } else {
      unbound.push_back(std::move(each));
    }
  }
  bound_ = std::move(bound);
  if (unbound.empty()) co_return;
  const auto done = co_await around_.blocking.run(
      [&logins = around_.logins, unbound]() -> result<std::size_t> {
        std::size_t count = 0;
        for (const held& each : unbound) {
          const auto written = logins.bind_token(each.by.token_id, each.client_id);
          if (!written && says_nothing_of_the_row(written.error())) break;
          ++count;
        }
        return count;
      },
      patience);
  if (!done) co_return;
  for (std::size_t i = 0; i < *done; ++i) {
    bound_.emplace(unbound[i].session, unbound[i].by.token_id);
  }
}

// Over the living connection, so that a client never comes back with a token that has expired.
asio::awaitable<void> upkeep::renew_tokens() {
  const wall_time now = wall_clock::now();
  auto due = holders();
  std::erase_if(due, [&](const held& each) {
    return each.by.token_id.empty() || each.user_id.empty() ||
           !around_.logins.renewal_due(each.by.token_expires, now);
  });
  if (due.empty()) co_return;
  auto made = co_await around_.blocking.run(
      [&logins = around_.logins, due = std::move(due), now]() -> result<std::vector<renewal>> {
        std::vector<renewal> all;
        for (const held& each : due) {
          auto token =
              logins.issue_token({.user_id = each.user_id, .token_id = each.by.token_id}, now);
          if (!token && token.error() == identity::errc::invalid_token) continue;
          if (!token) break;
          all.push_back({each, std::move(*token)});
        }
        return all;
      },
      patience);
  if (!made) co_return;
  for (renewal& each : *made) {
    auto* session = find(each.of);
    if (session == nullptr) continue;
    session->came_by = {each.token.id, each.token.expires, {}};
    session->give_token(each.token.text);
    log::debug("client {} was given a new token", frpx::shown(each.of.client_id));
  }
}

asio::awaitable<void> upkeep::tidy(steady_time now) {
  const bool sweep = is_due(swept_at_, now, show_again);
  const bool expire = is_due(expired_at_, now, remove_expired_every);
  if (!sweep && !expire) co_return;
  std::vector<store::use> seen;
  for (const auto& each : around_.clients.sessions()) {
    if (!each->facts().user_id.empty())
      seen.push_back({each->facts().client_id, wall_clock::now()});
  }
  const auto done = co_await around_.blocking.run(
      [&store = around_.store, sweep, expire, seen = std::move(seen)]() -> result<std::size_t> {
        std::size_t count = 0;
        const wall_time here = wall_clock::now();
        // Only what no server has shown for so long: others refresh their own.
        if (sweep) {
          const auto noted = store.touch_clients(seen);
          if (!noted) return noted.error();
          const auto swept = store.put_silent_assets_offline(here - silent);
          if (!swept) return swept;
          count += *swept;
        }
        if (expire) {
          const auto removed = store.remove_tokens_expired_before(here);
          if (!removed) return removed;
          const auto forgotten = store.remove_usage_before(here - usage_lasts);
          if (!forgotten) return forgotten;
          const auto settled = store.remove_audit_before(here - audit_lasts);
          if (!settled) return settled;
          count += *removed + *forgotten + *settled;
        }
        return count;
      },
      patience);
  if (!done) co_return;
  if (sweep) swept_at_ = now;
  if (expire) expired_at_ = now;
}

void upkeep::leave() {
  for (const auto& [client_id, known] : machines_) {
    const auto put = around_.store.put_asset(row_of(client_id, known.user_id, known.name, false));
    if (!put && says_nothing_of_the_row(put.error())) return;  // others will see the silence
  }
}

}  // namespace frpx::server
