// Lists of operations on a registry of two workers. Whatever their order: who is in is who a plain
// model says, each departure is told, every snapshot is what the sessions are when it is made, on
// each worker, and who sticks to a client keeps it while it is there.
#include <array>
#include <cstdint>
#include <map>
#include <set>

#include "core/log.hpp"
#include "tests/fuzz/require.hpp"
#include "tunnel/registry.hpp"

namespace frpx::tunnel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_sessions = 4;
constexpr std::size_t ids = 6;  // the last of them does not serve the public port

// Spellings of three models, and two that are no model's.
struct spelling {
  std::string text;
  int model;
};
const std::array<spelling, 6> spellings{{{"llama", 0},
                                         {"LLAMA:latest", 0},
                                         {"library/qwen", 1},
                                         {"qwen:7b", 2},
                                         {"", -1},
                                         {std::string(300, 'x'), -1}}};

class member final : public session {
 public:
  member(session_facts facts, registry& of) : session(std::move(facts)), registry_(of) {}
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    stream_wish) override {
    co_return make_error_code(errc::late);
  }
  void end(const std::string&) override { registry_.remove(*this); }  // it has been removed

  std::set<int> has(const auto& names) const {
    std::set<int> models;
    for (const spelling& each : spellings) {
      for (const auto& name : names) {
        if (each.model >= 0 && each.text == name) models.insert(each.model);
      }
    }
    return models;
  }
  std::set<int> known_models() const {
    std::vector<std::string> names;
    names.reserve(models.size());
    for (const auto& each : models) names.push_back(each.id);
    return has(names);
  }

 private:
  registry& registry_;
};

class model {
 public:
  model() {
    clients_.on_leaving([this](std::uint64_t number) { told_.insert(number); });
  }
  ~model() { settle(); }  // nothing is under way to a worker when the registry goes

  // Three bits say what, the others at which client; `with` is what the operation needs besides.
  void operate(std::uint8_t code, std::uint8_t with) {
    const std::size_t who = (code >> 3) % ids;
    const auto found = in_.find(id_of(who));
    const std::shared_ptr<member> it = found == in_.end() ? nullptr : found->second.who;
    switch (code & 7) {
      case 0:
        return add(who, with);
      case 1:
        return remove(with);
      case 2:
        return drain(it, with % 2 == 0);
      case 3:
        if (it) it->models = models_of(with);
        return clients_.changed();
      case 4:
        if (it) it->loaded = names_of(with);
        return clients_.changed();
      case 5:
        return ban(who, with % 2 == 0);
      case 6:
        return publish(with % 2 == 0);
      default:
        return check_members();
    }
  }

  void conclude() {
    publish(true);
    check_members();
    while (!in_.empty()) remove_now(in_.begin()->second.who);
    publish(true);
    REQUIRE(clients_.sessions().empty() && clients_.current(workers_.home())->all.who.empty());
  }

 private:
  struct entry {
    std::shared_ptr<member> who;
    claim by;
  };

  static std::string id_of(std::size_t who) { return std::string(1, static_cast<char>('a' + who)); }
  static std::vector<std::string> names_of(std::uint8_t bits) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < spellings.size(); ++i) {
      if (bits >> i & 1) names.push_back(spellings[i].text);
    }
    return names;
  }
  static std::vector<wire::model> models_of(std::uint8_t bits) {
    std::vector<wire::model> models;
    for (const auto& name : names_of(bits)) models.push_back({.id = name});
    return models;
  }
  // Few users, tokens and instances, some of them missing, so that claims often meet.
  static claim claim_of(std::uint8_t bits) {
    const auto some = [](const char* kind, unsigned which) {
      return which == 0 ? std::string() : kind + std::to_string(which);
    };
    return {some("user", bits & 3U), some("token", bits >> 2 & 3U), some("run", bits >> 4 & 3U)};
  }
  static bool same(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

  void add(std::size_t who, std::uint8_t with) {
    const std::string id = id_of(who);
    const claim by = claim_of(with);
    const auto newcomer =
        std::make_shared<member>(session_facts{.number = clients_.next_number(),
                                               .client_id = id,
                                               .weight = static_cast<std::uint32_t>(1 + who)},
                                 clients_);
    newcomer->serves_http = who + 1 < ids;
    newcomer->models = models_of(with);
    made_.push_back(newcomer);

    const auto old = in_.find(id);
    error_code expected;
    if (banned_.contains(id)) {
      expected = errc::banned;
    } else if (old == in_.end()) {
      if (in_.size() == most_sessions) expected = errc::too_many;
    } else if (const claim& its = old->second.by;
               !same(its.user_id, by.user_id) ||
               !(same(its.token_id, by.token_id) || same(its.instance, by.instance))) {
      expected = errc::already_connected;
    } else if (replaced_.contains(id) && !same(its.instance, by.instance)) {
      expected = errc::contested;
    } else {
      replaced_.insert(id);
      leaves(*old->second.who);
    }
    REQUIRE(clients_.add(newcomer, by) == expected);
    if (!expected) in_[id] = {newcomer, by};
  }
  // Any session that ever was: one that was replaced or refused is nobody's place.
  void remove(std::uint8_t which) {
    if (!made_.empty()) remove_now(made_[which % made_.size()]);
  }
  void remove_now(const std::shared_ptr<member>& one) {
    clients_.remove(*one);
    const auto found = in_.find(one->facts().client_id);
    if (found == in_.end() || found->second.who != one) return;
    leaves(*one);
    in_.erase(found);
  }
  void leaves(const member& one) {
    left_.insert(one.facts().number);
    to_tell_.insert(one.facts().number);
  }
  void drain(const std::shared_ptr<member>& one, bool begins) {
    if (!one) return;
    begins ? clients_.drain(*one) : clients_.undrain(*one);
    if (begins) to_tell_.insert(one->facts().number);
  }
  void ban(std::size_t who, bool lasts) {
    clients_.ban(id_of(who), steady_clock::now() + (lasts ? 1h : -1h));
    if (lasts) {
      banned_.insert(id_of(who));
    } else {
      banned_.erase(id_of(who));
    }
  }

  void check_members() {
    REQUIRE(clients_.sessions().size() == in_.size() && in_.size() <= most_sessions);
    for (std::size_t who = 0; who < ids; ++who) {
      const auto found = in_.find(id_of(who));
      REQUIRE(clients_.find(id_of(who)) == (found == in_.end() ? nullptr : found->second.who));
    }
    for (const auto& each : clients_.sessions()) {
      REQUIRE(in_.at(each->facts().client_id).who == each && each->alive);
    }
    for (const auto& each : made_) {
      REQUIRE(each->alive != left_.contains(each->facts().number));
    }
    REQUIRE(told_ == to_tell_);
  }

  void settle() {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      while (workers_.at(i).loop().turn(steady_time())) {
      }
    }
  }
  // `everywhere`: the other worker reads its post too; else it keeps the snapshot that it has.
  void publish(bool everywhere) {
    const auto before = clients_.current(workers_.home());
    const auto others = clients_.current(workers_.at(1));
    while (workers_.home().loop().turn(steady_time())) {
    }
    REQUIRE(clients_.current(workers_.at(1)) == others);
    const routing& now = *clients_.current(workers_.home());
    check_snapshot(now);
    check_sticking(*before, now);
    if (!everywhere) return;
    settle();
    REQUIRE(clients_.current(workers_.at(1)).get() == &now);
  }
  void check_snapshot(const routing& now) const {
    std::set<const session*> all;
    std::map<int, std::set<const session*>> having;
    std::map<int, std::set<const session*>> loaded;
    std::size_t serving = 0;
    for (const auto& [id, each] : in_) {
      if (!each.who->serves_http) continue;
      ++serving;
      REQUIRE(now.by_client_id.at(id) == each.who);
      if (each.who->draining) continue;
      all.insert(each.who.get());
      const auto in_memory = each.who->has(each.who->loaded);
      for (const int which : each.who->known_models()) {
        having[which].insert(each.who.get());
        if (in_memory.contains(which)) loaded[which].insert(each.who.get());
      }
    }
    REQUIRE(now.by_client_id.size() == serving);
    check_candidates(now.all, all);
    for (const spelling& each : spellings) {
      const routed_model* const found = now.with_model(each.text);
      if (!having.contains(each.model)) {
        REQUIRE(found == nullptr);
        continue;
      }
      REQUIRE(found != nullptr);
      check_candidates(found->having, having[each.model]);
      check_candidates(found->loaded, loaded[each.model]);
    }
  }
  static void check_candidates(const candidates& of, const std::set<const session*>& expected) {
    std::set<const session*> who;
    for (const auto& each : of.who) REQUIRE(who.insert(each.get()).second);
    REQUIRE(who == expected && of.odds.size() == who.size());
  }
  // Whoever's client is still there goes elsewhere only to one that came.
  static void check_sticking(const routing& before, const routing& now) {
    const auto names = [](const candidates& of) {
      std::set<std::string> all;
      for (const auto& each : of.who) all.insert(each->facts().client_id);
      return all;
    };
    const auto there_before = names(before.all);
    const auto there_now = names(now.all);
    for (std::uint64_t key = 1; key <= 8; ++key) {
      const std::string was = stuck_to(before.all, key);
      const std::string is = stuck_to(now.all, key);
      REQUIRE(is.empty() == there_now.empty());
      if (was != is && there_now.contains(was)) REQUIRE(!there_before.contains(is));
    }
  }
  static std::string stuck_to(const candidates& of, std::uint64_t key) {
    quick_random unused;
    const auto all = [](std::size_t) { return true; };
    const auto no_load = [](std::size_t) { return balance::load{}; };
    const auto chosen =
        of.odds.choose(balance::policy::sticky, balance::mix(key), unused, all, no_load);
    return chosen ? of.who.at(*chosen)->facts().client_id : "";
  }

  inline static net::worker_pool workers_{2};
  registry clients_{workers_, most_sessions, true};
  std::vector<std::shared_ptr<member>> made_;
  std::map<std::string, entry> in_;
  std::set<std::string> banned_;
  std::set<std::string> replaced_;
  std::set<std::uint64_t> left_;
  std::multiset<std::uint64_t> to_tell_;  // who left or was drained, as often as it was
  std::multiset<std::uint64_t> told_;
};

}  // namespace
}  // namespace frpx::tunnel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static frpx::log::sink nowhere({});
  nowhere.take_this_thread();
  frpx::tunnel::model under_test;
  for (std::size_t i = 0; i + 1 < size && i < 512; i += 2) {
    under_test.operate(data[i], data[i + 1]);
  }
  under_test.conclude();
  return 0;
}
