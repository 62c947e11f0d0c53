#include "ports/leases.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <set>

#include "core/random.hpp"
#include "net/worker.hpp"
#include "ports/memory_leases.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::ports {
namespace {

using namespace std::chrono_literals;

lease_options with(const char* text) {
  std::string problem;
  lease_options made;
  made.by.allowed = ranges::parse(text, problem).value();
  made.refresh = 5ms;
  return made;
}

template <class F>
bool eventually(F condition) {
  const auto until = steady_clock::now() + 10s;
  while (!condition()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

// Asks from a worker, as the programs do.
class asker {
 public:
  asker() { workers_.start(); }
  ~asker() {
    eventually([this] { return running_ == 0; });
    workers_.stop();
  }
  void take(leases& from, wish asked, std::function<void(result<lease>)> then) {
    ++running_;
    workers_.home().post([this, &from, asked = std::move(asked), then = std::move(then)]() mutable {
      workers_.home().tasks().spawn(run(this, &from, std::move(asked), std::move(then)));
    });
  }
  result<lease> take(leases& from, wish asked) {
    std::promise<result<lease>> said;
    take(from, std::move(asked), [&](result<lease> got) { said.set_value(std::move(got)); });
    return said.get_future().get();
  }

  result<lease> rename(leases& in, const std::string& from, const std::string& to) {
    ++running_;
    std::promise<result<lease>> said;
    workers_.home().post(
        [&, this] { workers_.home().tasks().spawn(run_rename(this, &in, from, to, &said)); });
    return said.get_future().get();
  }

 private:
  static boost::asio::awaitable<void> run(asker* self, leases* from, wish asked,
                                          std::function<void(result<lease>)> then) {
    auto got = co_await from->take(std::move(asked));
    then(std::move(got));
    --self->running_;
  }
  static boost::asio::awaitable<void> run_rename(asker* self, leases* in, std::string from,
                                                 std::string to,
                                                 std::promise<result<lease>>* said) {
    auto got = co_await in->rename(std::move(from), std::move(to));
    --self->running_;
    said->set_value(std::move(got));
  }

  net::worker_pool workers_{1};
  std::atomic<int> running_{0};
};

wish of(const std::string& proxy, const std::string& run_id = {}) {
  return {.proxy = proxy, .user = "u", .run_id = run_id};
}

// A store whose rounds fail on demand.
class failing_store final : public lease_store {
 public:
  explicit failing_store(std::atomic<bool>& fails) : fails_(fails) {}
  std::string_view kind() const override { return "failing"; }

 private:
  result<void> run_round(const decider& decide, bool) override {
    const bool fails = fails_;
    lease_changes written;
    const auto done = below_.exchange([&](lease_news news) {
      news.all = true;
      news.rows = rows_;
      written = decide(std::move(news));
      return lease_changes{};
    });
    if (fails) return store::errc::unavailable;  // when all was decided
    for (const lease& row : written.put) rows_.push_back(row);
    return done;
  }

  std::atomic<bool>& fails_;
  memory_leases below_;
  std::vector<lease> rows_;
};

class sqlite_folder : public testing::Test {
 protected:
  ~sqlite_folder() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<leases> start(const lease_options& options) {
    auto store = open_leases("sqlite:" + (folder_ / "keeper.db").string(), {.timeout = 20s});
    return leases::start(std::move(store).value(), options).value();
  }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
};

TEST(leases, a_taken_lease_is_known) {
  const auto all = leases::start(std::make_unique<memory_leases>(), with("6000-6010")).value();
  asker ask;
  EXPECT_FALSE(all->known(of("a")));
  EXPECT_EQ(ask.take(*all, of("a"))->port, 6000);
  EXPECT_EQ(all->known(of("a")), 6000);
  EXPECT_EQ(ask.take(*all, of("a"))->port, 6000);
  EXPECT_EQ(ask.take(*all, of("b"))->port, 6001);
  EXPECT_EQ(all->look().leases, 2u);
  EXPECT_EQ(all->look().free_ports, 9u);
}

TEST(leases, a_lease_of_nobody_belongs_to_whoever_asks_for_it_first) {
  const auto all = leases::start(std::make_unique<memory_leases>(), with("6000-6010")).value();
  asker ask;
  ASSERT_TRUE(all->apply([](lease_draft& draft) -> result<lease> {  // as an import makes them
    draft.put({.proxy = "u.a", .port = 6005});
    return lease{};
  }));
  EXPECT_EQ(all->held_by("u"), 0U);
  EXPECT_FALSE(all->known(of("u.a"))) << "it has to be written down whose it is";
  EXPECT_EQ(ask.take(*all, of("u.a"))->port, 6005);
  EXPECT_EQ(all->find("u.a")->user, "u");
  EXPECT_EQ(all->held_by("u"), 1U);
  EXPECT_EQ(all->known(of("u.a")), 6005);
}

TEST_F(sqlite_folder, a_renamed_lease_keeps_its_port_and_nobody_elses) {
  auto all = start(with("6000-6010"));
  asker ask;
  const std::uint16_t port = ask.take(*all, of("old"))->port;
  EXPECT_TRUE(ask.take(*all, of("other")));
  EXPECT_EQ(ask.rename(*all, "none", "new").error(), errc::unknown_proxy);
  EXPECT_EQ(ask.rename(*all, "old", "other").error(), errc::held_by_another);
  EXPECT_EQ(ask.rename(*all, "old", "").error(), errc::bad_name);
  EXPECT_EQ(ask.rename(*all, "old", "new")->port, port);
  EXPECT_EQ(ask.rename(*all, "old", "newer").error(), errc::unknown_proxy) << "the first has it";
  all.reset();
  all = start(with("6000-6010"));
  EXPECT_EQ(all->known(of("new")), port);
  EXPECT_FALSE(all->known(of("old")));
  EXPECT_EQ(all->look().leases, 2u);
}

TEST(leases, refusals_come_through) {
  const auto all = leases::start(std::make_unique<memory_leases>(), with("6000")).value();
  asker ask;
  EXPECT_TRUE(ask.take(*all, of("a")));
  EXPECT_EQ(ask.take(*all, of("b")).error(), errc::no_free_port);
  EXPECT_EQ(ask.take(*all, of("")).error(), errc::bad_name);
  EXPECT_EQ(all->known(of("a")), 6000);
}

TEST_F(sqlite_folder, many_at_once_get_one_port_each_in_few_rounds) {
  constexpr int count = 500;
  const auto all = start(with("6000-6999"));
  asker ask;
  std::mutex mutex;
  std::map<std::string, std::set<std::uint16_t>> got;
  std::atomic<int> answers{0};
  for (int i = 0; i < 2 * count; ++i) {  // each asks twice
    const std::string proxy = "p" + std::to_string(i % count);
    ask.take(*all, of(proxy), [&, proxy](result<lease> said) {
      ASSERT_TRUE(said) << said.error().message();
      const std::lock_guard lock(mutex);
      got[proxy].insert(said->port);
      ++answers;
    });
  }
  ASSERT_TRUE(eventually([&] { return answers == 2 * count; }));
  std::set<std::uint16_t> ports;
  for (const auto& [proxy, own] : got) {
    EXPECT_EQ(own.size(), 1u) << proxy;
    ports.insert(*own.begin());
  }
  EXPECT_EQ(ports.size(), static_cast<std::size_t>(count));
  EXPECT_LT(all->look().rounds, static_cast<std::uint64_t>(count) / 2);
}

// Two keepers are asked for proxies of their own and for the same ones, all at once.
void expect_no_port_twice(leases& one, leases& two) {
  constexpr int count = 100;
  asker ask;
  std::mutex mutex;
  std::multimap<std::uint16_t, std::string> got;
  std::atomic<int> answers{0};
  const auto note = [&](const std::string& proxy) {
    return [&, proxy](result<lease> said) {
      ASSERT_TRUE(said) << said.error().message();
      const std::lock_guard lock(mutex);
      got.emplace(said->port, proxy);
      ++answers;
    };
  };
  for (int i = 0; i < count; ++i) {
    for (const auto& [keeper, prefix] : {std::pair{&one, "one"}, std::pair{&two, "two"}}) {
      const std::string own = prefix + std::to_string(i);
      const std::string both = "both" + std::to_string(i);
      ask.take(*keeper, of(own), note(own));
      ask.take(*keeper, of(both), note(both));
    }
  }
  ASSERT_TRUE(eventually([&] { return answers == 4 * count; }));
  std::map<std::uint16_t, std::string> holder;
  for (const auto& [port, proxy] : got) {
    EXPECT_EQ(holder.emplace(port, proxy).first->second, proxy) << port;
  }
  EXPECT_EQ(holder.size(), 3u * count);
}

TEST_F(sqlite_folder, two_keepers_on_one_file_never_give_a_port_twice) {
  const auto one = start(with("6000-6999"));
  const auto two = start(with("6000-6999"));
  expect_no_port_twice(*one, *two);
}

TEST(leases, two_keepers_on_one_postgres_never_give_a_port_twice) {
  const std::string url = test::shared_postgres().make_database();
  const auto start = [&] {
    return leases::start(open_leases(url, {.timeout = 20s}).value(), with("6000-6999")).value();
  };
  const auto one = start();
  const auto two = start();
  expect_no_port_twice(*one, *two);
}

TEST_F(sqlite_folder, leases_outlast_the_program_and_others_see_them) {
  asker ask;
  {
    const auto all = start(with("6000-6010"));
    EXPECT_EQ(ask.take(*all, of("a", "r1"))->port, 6000);
  }
  const auto one = start(with("6001-6010"));
  EXPECT_EQ(one->known(of("a")), 6000);
  EXPECT_EQ(one->look().outside, 1u);
  const auto other = start(with("6001-6010"));
  EXPECT_EQ(ask.take(*one, of("b"))->port, 6001);
  EXPECT_TRUE(eventually([&] { return other->known(of("b")) == 6001; }));
  ASSERT_TRUE(other->apply([](lease_draft& draft) -> result<lease> {
    draft.erase("a");
    return lease{};
  }));
  EXPECT_TRUE(eventually([&] { return !one->known(of("a")); }));
}

TEST_F(sqlite_folder, uses_are_written_at_the_end_and_pings_count) {
  asker ask;
  wall_time used;
  {
    const auto all = start(with("6000-6010"));
    ASSERT_TRUE(ask.take(*all, of("a", "r1")));
    used = all->find("a")->used;
    ASSERT_TRUE(eventually([&] {
      all->note_ping("r1");
      return all->find("a")->used > used + 1ms;
    }));
    used = all->find("a")->used;
    all->note_ping("unknown");
  }
  const auto all = start(with("6000-6010"));
  EXPECT_EQ(all->find("a")->used, used);
  EXPECT_EQ(all->find("a")->state, use::pinged);
  EXPECT_EQ(all->find("a")->run_id, "r1");
  EXPECT_EQ(all->known(of("a", "r1")), 6000);
  EXPECT_EQ(all->find("a")->state, use::pinged);  // the same run goes on
  EXPECT_EQ(all->known(of("a", "r2")), 6000);
  EXPECT_EQ(all->find("a")->state, use::open);
  all->note_close("a");
  EXPECT_EQ(all->find("a")->state, use::closed);
}

TEST_F(sqlite_folder, an_unused_lease_expires_and_one_in_use_does_not) {
  auto options = with("6000-6010");
  options.expire_after = 1000ms;  // a loaded machine may stop us for a while
  asker ask;
  const auto all = start(options);
  ASSERT_TRUE(ask.take(*all, of("pinged", "r1")));
  ASSERT_TRUE(ask.take(*all, of("old", "r2")));
  EXPECT_TRUE(eventually([&] {
    all->note_ping("r1");
    return !all->find("old");
  }));
  EXPECT_TRUE(all->find("pinged"));
  EXPECT_TRUE(eventually([&] { return all->look().expired == 1; }));
  EXPECT_EQ(ask.take(*all, of("new"))->port, 6001);
}

TEST_F(sqlite_folder, where_closes_are_told_an_open_proxy_never_expires) {
  auto options = with("6000-6010");
  options.expire_after = 200ms;
  asker ask;
  {
    const auto all = start(options);
    ASSERT_TRUE(ask.take(*all, of("open")));
    ASSERT_TRUE(ask.take(*all, of("closed")));
    all->note_close("closed");
    EXPECT_TRUE(eventually([&] { return !all->find("closed"); }));
    EXPECT_TRUE(all->find("open"));
  }
  // Another start knows it too.
  const auto all = start(options);
  const auto until = steady_clock::now() + 600ms;
  EXPECT_TRUE(eventually([&] { return steady_clock::now() > until; }));
  EXPECT_TRUE(all->find("open"));
  all->note_close("open");
  EXPECT_TRUE(eventually([&] { return !all->find("open"); }));
}

TEST(leases, a_store_that_fails_gives_nothing_and_loses_nothing) {
  std::atomic<bool> fails{false};
  const auto all = leases::start(std::make_unique<failing_store>(fails), with("6000-6010")).value();
  asker ask;
  EXPECT_EQ(ask.take(*all, of("a"))->port, 6000);
  fails = true;
  EXPECT_EQ(ask.take(*all, of("b")).error(), store::errc::unavailable);
  EXPECT_EQ(all->look().store_error, store::errc::unavailable);
  EXPECT_FALSE(all->known(of("b")));
  EXPECT_EQ(all->known(of("a")), 6000);  // memory still answers
  fails = false;
  EXPECT_EQ(ask.take(*all, of("c"))->port, 6001);  // what failed holds no port
  EXPECT_FALSE(all->look().store_error);
}

TEST(leases, a_store_that_cannot_be_read_stops_the_start) {
  std::atomic<bool> fails{true};
  const auto started = leases::start(std::make_unique<failing_store>(fails), with("6000"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), store::errc::unavailable);
}

TEST(leases, the_queue_is_bounded) {
  auto options = with("6000-6010");
  options.most_waiting = 2;
  const auto all = leases::start(std::make_unique<memory_leases>(), options).value();
  asker ask;
  std::promise<void> begun;
  std::promise<void> go_on;
  std::thread holder([&] {
    ASSERT_TRUE(all->apply([&](lease_draft&) -> result<lease> {
      begun.set_value();
      go_on.get_future().wait();
      return lease{};
    }));
  });
  begun.get_future().wait();
  std::atomic<int> given{0};
  for (const char* proxy : {"a", "b"}) {
    ask.take(*all, of(proxy), [&](result<lease> said) { given += said.has_value(); });
  }
  EXPECT_TRUE(eventually([&] { return all->look().waiting == 2; }));
  EXPECT_EQ(ask.take(*all, of("c")).error(), errc::overloaded);
  go_on.set_value();
  holder.join();
  EXPECT_TRUE(eventually([&] { return given == 2; }));
}

TEST(leases, are_listed_in_pieces) {
  const auto all = leases::start(std::make_unique<memory_leases>(), with("6000-6010")).value();
  asker ask;
  for (const char* proxy : {"c", "a", "b"}) ASSERT_TRUE(ask.take(*all, of(proxy)));
  std::vector<lease> listed;
  std::uint32_t next = all->list_from(1, 2, listed);
  EXPECT_EQ(listed.size(), 2u);
  EXPECT_EQ(next, 6002u);
  EXPECT_EQ(all->list_from(next, 2, listed), 0u);
  ASSERT_EQ(listed.size(), 3u);
  EXPECT_EQ(listed[2].proxy, "b");
}

}  // namespace
}  // namespace frpx::ports
