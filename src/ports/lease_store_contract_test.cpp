// What every lease store promises. A backend joins with one line in `backends`.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "core/random.hpp"
#include "ports/lease_store.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::ports {
namespace {

using namespace std::chrono_literals;

const wall_time t0{1'700'000'000s};

// An empty database, and what is to be tidied up after it.
struct fixture {
  std::string url;
  std::filesystem::path folder;

  ~fixture() {
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
};

struct backend {
  const char* name;
  void (*make)(fixture&);
};

void make_memory(fixture& in) {
  in.url = "memory:";
}

void make_sqlite(fixture& in) {
  in.folder = std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
  in.url = "sqlite:" + (in.folder / "keeper.db").string();
}

void make_postgres(fixture& in) {
  in.url = test::shared_postgres().make_database();
}

constexpr backend backends[] = {
    {"memory", make_memory},
    {"sqlite", make_sqlite},
    {"postgres", make_postgres},
};

class lease_store_contract : public testing::TestWithParam<backend> {
 protected:
  void SetUp() override { GetParam().make(fixture_); }
  const std::string& url() const { return fixture_.url; }
  std::unique_ptr<lease_store> open() { return open_leases(url(), {.timeout = 10s}).value(); }

 private:
  fixture fixture_;
};

INSTANTIATE_TEST_SUITE_P(all, lease_store_contract, testing::ValuesIn(backends),
                         [](const auto& info) { return std::string(info.param.name); });

lease row(const std::string& proxy, std::uint16_t port, transport over = transport::tcp) {
  return {.proxy = proxy, .port = port, .over = over, .created = t0, .used = t0};
}

result<void> write(lease_store& to, lease_changes changes) {
  return to.exchange([&](const lease_news&) { return std::move(changes); });
}

lease_news news_of(lease_store& from) {
  lease_news read;
  EXPECT_TRUE(from.exchange([&](lease_news news) {
    read = std::move(news);
    return lease_changes{};
  }));
  std::sort(read.rows.begin(), read.rows.end(),
            [](const lease& left, const lease& right) { return left.proxy < right.proxy; });
  return read;
}

TEST_P(lease_store_contract, names_its_kind_and_starts_empty) {
  const auto store = open();
  EXPECT_EQ(store->kind(), GetParam().name);
  const auto news = news_of(*store);
  EXPECT_TRUE(news.all);
  EXPECT_TRUE(news.rows.empty());
  EXPECT_FALSE(news.closes_are_told);
}

TEST_P(lease_store_contract, does_not_bring_back_what_it_was_given) {
  const auto store = open();
  ASSERT_TRUE(write(*store, {.put = {row("a", 1)}}));
  const auto news = news_of(*store);
  EXPECT_FALSE(news.all);
  EXPECT_TRUE(news.rows.empty());
}

TEST_P(lease_store_contract, a_round_that_fails_has_written_nothing_and_is_followed_by_all) {
  const auto store = open();
  ASSERT_TRUE(write(*store, {.put = {row("a", 1)}}));
  EXPECT_EQ(write(*store, {.removed = {"a"}, .put = {row("b", 2), row("c", 2)}}).error(),
            store::errc::already_exists);
  auto news = news_of(*store);
  EXPECT_TRUE(news.all);
  ASSERT_EQ(news.rows.size(), 1u);
  EXPECT_EQ(news.rows[0].proxy, "a");
  EXPECT_EQ(write(*store, {.put = {row("a\n", 3)}}).error(), store::errc::bad_value);
  EXPECT_EQ(write(*store, {.put = {row("b", 0)}}).error(), store::errc::bad_value);
  EXPECT_EQ(news_of(*store).rows.size(), 1u);
}

TEST_P(lease_store_contract, one_port_has_one_lease_for_each_transport) {
  const auto store = open();
  ASSERT_TRUE(write(*store, {.put = {row("t", 5), row("u", 5, transport::udp)}}));
  EXPECT_FALSE(write(*store, {.put = {row("t2", 5)}}));
  EXPECT_FALSE(write(*store, {.put = {row("u2", 5, transport::udp)}}));
  EXPECT_EQ(news_of(*store).rows.size(), 2u);
}

TEST_P(lease_store_contract, removing_goes_first_so_that_ports_can_be_swapped) {
  const auto store = open();
  ASSERT_TRUE(write(*store, {.put = {row("a", 1), row("b", 2)}}));
  ASSERT_TRUE(write(*store, {.removed = {"a", "b", "nobody"}, .put = {row("a", 2), row("b", 1)}}));
  EXPECT_FALSE(write(*store, {.put = {row("c", 1)}}));
  const auto news = news_of(*store);
  ASSERT_EQ(news.rows.size(), 2u);
  EXPECT_EQ(news.rows[0].port, 2);
}

class shared_lease_store : public lease_store_contract {};
// Several stores may be open on one database, but for that of one process's memory.
constexpr backend shared_backends[] = {backends[1], backends[2]};
INSTANTIATE_TEST_SUITE_P(all, shared_lease_store, testing::ValuesIn(shared_backends),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(shared_lease_store, a_lease_comes_back_as_it_was_put) {
  lease whole{.proxy = "me.ein 'Name' \xe2\x82\xac",
              .port = 65535,
              .over = transport::udp,
              .user = "me",
              .group = "g",
              .run_id = "r1",
              .state = use::pinged,
              .created = t0 + 123456us,
              .used = t0 + 1us};
  ASSERT_TRUE(write(*open(), {.put = {whole}, .closes_are_told = true}));
  const auto news = news_of(*open());
  ASSERT_EQ(news.rows.size(), 1u);
  EXPECT_EQ(news.rows[0], whole);
  EXPECT_TRUE(news.closes_are_told);
}

TEST_P(shared_lease_store, brings_what_others_wrote) {
  const auto mine = open();
  const auto other = open();
  (void)news_of(*mine);
  ASSERT_TRUE(write(*other, {.put = {row("a", 1), row("b", 2)}}));
  auto news = news_of(*mine);
  EXPECT_FALSE(news.all);
  EXPECT_EQ(news.rows.size(), 2u);
  EXPECT_TRUE(news_of(*mine).rows.empty());

  lease changed = row("a", 1);
  changed.used = t0 + 1s;
  ASSERT_TRUE(write(*other, {.put = {changed}}));
  news = news_of(*mine);
  EXPECT_FALSE(news.all);
  ASSERT_EQ(news.rows.size(), 1u);
  EXPECT_EQ(news.rows[0], changed);

  ASSERT_TRUE(write(*other, {.removed = {"a"}}));
  news = news_of(*mine);
  EXPECT_TRUE(news.all);
  ASSERT_EQ(news.rows.size(), 1u);
  EXPECT_EQ(news.rows[0].proxy, "b");
}

TEST_P(shared_lease_store, rounds_of_several_stores_do_not_mix) {
  constexpr std::uint16_t each = 40;
  const auto run = [this](const std::string& prefix) {
    const auto store = open_leases(url(), {.timeout = 20s}).value();
    std::map<std::uint16_t, std::string> known;
    for (std::uint16_t i = 0; i < each; ++i) {
      const auto done = store->exchange([&](const lease_news& news) {
        if (news.all) known.clear();
        for (const lease& read : news.rows) known.emplace(read.port, read.proxy);
        const auto next = static_cast<std::uint16_t>(known.empty() ? 1 : known.rbegin()->first + 1);
        known.emplace(next, prefix);
        return lease_changes{.put = {row(prefix + std::to_string(i), next)}};
      });
      ASSERT_TRUE(done) << done.error().message();
    }
  };
  std::thread one(run, "a");
  std::thread two(run, "b");
  one.join();
  two.join();
  const auto news = news_of(*open());
  std::set<std::uint16_t> ports;
  for (const lease& read : news.rows) ports.insert(read.port);
  EXPECT_EQ(ports.size(), 2u * each);
  EXPECT_EQ(*ports.rbegin(), 2u * each);
}

TEST(lease_store_url, unknown_kinds_are_refused_without_their_password) {
  for (const char* url : {"mysql://x:geheim@y/z", "keeper.db", "", "sqlite:", "memory:x"}) {
    const auto opened = open_leases(url);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, store::errc::unknown_scheme);
    EXPECT_EQ(opened.error().text.find("geheim"), std::string::npos);
  }
}

}  // namespace
}  // namespace frpx::ports
