#include "tunnel/registry.hpp"

#include "core/log.hpp"
#include "core/names.hpp"

namespace frpx::tunnel {
namespace {

constexpr auto replace_pause = std::chrono::seconds(30);
constexpr std::size_t most_remembered = 4096;  // bans and replacements

bool same(const std::string& left, const std::string& right) {
  return !left.empty() && left == right;
}

// Keeps a table of moments bounded: those that are over go first.
void forget_past(text_map<steady_time>& table, steady_time before) {
  if (table.size() < most_remembered) return;
  std::erase_if(table, [&](const auto& entry) { return entry.second < before; });
  if (table.size() >= most_remembered) table.clear();
}

}  // namespace

registry::registry(net::worker_pool& workers, std::size_t most_sessions, bool sticky)
    : workers_(workers),
      most_sessions_(most_sessions),
      sticky_(sticky),
      snapshots_(workers.size(), make_routing({})),
      publisher_(*this) {}

registry::~registry() = default;

error_code registry::add(std::shared_ptr<session> newcomer, claim by) {
  const std::string& id = newcomer->facts().client_id;
  const steady_time now = steady_clock::now();
  if (const auto ban = banned_.find(id); ban != banned_.end()) {
    if (ban->second > now) return errc::banned;
    banned_.erase(ban);
  }
  if (const auto old = members_.find(id); old != members_.end()) {
    if (const error_code refused = may_replace(old->second, by)) return refused;
    const auto replaced = old->second.who;
    drop(old);
    replaced->end("its client connected anew");
  } else if (members_.size() >= most_sessions_) {
    return errc::too_many;
  }
  members_.emplace(id, member{newcomer, std::move(by), sessions_.size()});
  sessions_.push_back(std::move(newcomer));
  publish_soon();
  return {};
}

error_code registry::may_replace(const member& old, const claim& by) {
  const bool same_client =
      same(old.by.user_id, by.user_id) &&
      (same(old.by.token_id, by.token_id) || same(old.by.instance, by.instance));
  if (!same_client) return errc::already_connected;
  const steady_time now = steady_clock::now();
  const std::string& id = old.who->facts().client_id;
  const auto last = replaced_.find(id);
  const bool again = last != replaced_.end() && now - last->second < replace_pause;
  // A process that comes back takes its own place however often; two processes with one id would
  // evict each other for ever.
  if (again && !same(old.by.instance, by.instance)) {
    log::warn("client id {} is wanted by two programs; give each its own with --client-id",
              shown(id));
    return errc::contested;
  }
  forget_past(replaced_, now - replace_pause);
  replaced_[id] = now;
  return {};
}

void registry::remove(const session& gone) {
  const auto found = members_.find(gone.facts().client_id);
  if (found != members_.end() && found->second.who.get() == &gone) drop(found);
}

void registry::drain(session& which) {
  which.draining = true;
  if (on_leaving_) on_leaving_(which.facts().number);
  publish_soon();
}

void registry::undrain(session& which) {
  which.draining = false;
  publish_soon();
}

void registry::drop(text_map<member>::iterator which) {
  which->second.who->alive = false;
  if (on_leaving_) on_leaving_(which->second.who->facts().number);
  const std::size_t place = which->second.place;
  if (place + 1 != sessions_.size()) {
    sessions_[place] = std::move(sessions_.back());
    members_.find(sessions_[place]->facts().client_id)->second.place = place;
  }
  sessions_.pop_back();
  members_.erase(which);
  publish_soon();
}

std::shared_ptr<session> registry::find(std::string_view client_id) const {
  const auto found = members_.find(client_id);
  return found == members_.end() ? nullptr : found->second.who;
}

void registry::ban(const std::string& client_id, steady_time until) {
  forget_past(banned_, steady_clock::now());
  banned_[client_id] = until;
}

void registry::publish_soon() {
  workers_.home().events().schedule(publisher_);
}

void registry::publish() {
  auto& at_home = snapshots_[workers_.home().index()];
  const auto table = make_routing(sessions_, at_home.get(), sticky_);
  at_home = table;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    net::worker& each = workers_.at(i);
    if (&each != &workers_.home()) {
      each.post([this, i, table] { snapshots_[i] = table; });
    }
  }
  if (on_change_) on_change_();
}

}  // namespace frpx::tunnel
