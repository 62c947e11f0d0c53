// What every store promises of clients' ids.
#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t plenty = 100;

client some_client(const std::string& id, const std::string& user_id, wall_time when = t0) {
  return {.id = id, .user_id = user_id, .since = when, .seen = when};
}

class clients_contract : public store_contract {
 protected:
  void SetUp() override {
    store_contract::SetUp();
    for (const char* id : {"u1", "u2"}) ASSERT_TRUE(db().add_user(some_user(id)));
  }
  std::string owner_of(const std::string& id) {
    const auto found = db().find_client(id);
    return found ? found->user_id : found.error() == errc::not_found ? "nobody" : "?";
  }
};

TEST_P(clients_contract, an_id_belongs_to_the_user_who_claims_it_first) {
  const auto first = db().claim_client(some_client("gpu-1", "u1", t0 + 7us), plenty);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->user_id, "u1");
  EXPECT_EQ(first->since, t0 + 7us);
  const auto second = db().claim_client(some_client("gpu-1", "u2", t0 + 1h), plenty);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->user_id, "u1");
  EXPECT_EQ(second->seen, t0 + 7us) << "another's try is no sign of life";
  EXPECT_EQ(owner_of("gpu-1"), "u1");
}

TEST_P(clients_contract, an_owner_is_seen_and_stays_the_owner) {
  ASSERT_TRUE(db().claim_client(some_client("gpu-1", "u1"), plenty));
  const auto again = db().claim_client(some_client("gpu-1", "u1", t0 + 1h), plenty);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->since, t0);
  EXPECT_EQ(again->seen, t0 + 1h);
  const use uses[] = {{"gpu-1", t0 + 2h}, {"unknown", t0}};
  ASSERT_TRUE(db().touch_clients(uses));
  EXPECT_EQ(db().find_client("gpu-1")->seen, t0 + 2h);
  const use earlier[] = {{"gpu-1", t0}};
  ASSERT_TRUE(db().touch_clients(earlier));
  EXPECT_EQ(db().find_client("gpu-1")->seen, t0 + 2h);
}

TEST_P(clients_contract, a_forgotten_id_is_anybodys) {
  ASSERT_TRUE(db().claim_client(some_client("gpu-1", "u1"), plenty));
  EXPECT_EQ(db().forget_client("gpu-1")->user_id, "u1");
  EXPECT_EQ(db().forget_client("gpu-1").error(), errc::not_found);
  EXPECT_EQ(db().claim_client(some_client("gpu-1", "u2"), plenty)->user_id, "u2");
}

TEST_P(clients_contract, the_ids_of_a_user_who_is_removed_are_anybodys) {
  ASSERT_TRUE(db().claim_client(some_client("gpu-1", "u1"), plenty));
  ASSERT_TRUE(db().claim_client(some_client("gpu-2", "u2"), plenty));
  ASSERT_TRUE(db().remove_user("u1@example.com"));
  EXPECT_EQ(owner_of("gpu-1"), "nobody");
  EXPECT_EQ(owner_of("gpu-2"), "u2");
}

TEST_P(clients_contract, who_claims_many_gives_up_those_not_seen_for_longest) {
  ASSERT_TRUE(db().claim_client(some_client("others", "u2"), 3));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(db().claim_client(some_client("c" + std::to_string(i), "u1", t0 + i * 1h), 3));
  }
  ASSERT_TRUE(db().claim_client(some_client("c0", "u1", t0 + 10h), 3));  // seen again
  ASSERT_TRUE(db().claim_client(some_client("c3", "u1", t0 + 11h), 3));
  EXPECT_EQ(owner_of("c0"), "u1");
  EXPECT_EQ(owner_of("c1"), "nobody");
  EXPECT_EQ(owner_of("c2"), "u1");
  EXPECT_EQ(owner_of("c3"), "u1");
  EXPECT_EQ(owner_of("others"), "u2");
}

TEST_P(clients_contract, ids_are_listed_in_parts) {
  for (const char* id : {"b", "a", "c"}) {
    ASSERT_TRUE(db().claim_client(some_client(id, "u1"), plenty));
  }
  const auto first = db().list_clients({.after = {}, .limit = 2});
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ(first->back().id, "b");
  const auto rest = db().list_clients({.after = "b", .limit = 2});
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ(rest->front().id, "c");
}

TEST_P(clients_contract, what_cannot_be_is_refused) {
  EXPECT_EQ(db().claim_client(some_client("gpu 1", "u1"), plenty).error(), errc::bad_value);
  EXPECT_EQ(db().claim_client(some_client("gpu-1", "nobody"), plenty).error(), errc::not_found);
  EXPECT_EQ(owner_of("gpu-1"), "nobody");
}

TEST_P(clients_contract, a_claim_is_no_change_of_who_comes_in) {
  const auto before = db().change_count();
  ASSERT_TRUE(db().claim_client(some_client("gpu-1", "u1"), plenty));
  EXPECT_EQ(*before, *db().change_count());
}

INSTANTIATE_TEST_SUITE_P(stores, clients_contract, testing::ValuesIn(backends),
                         [](const auto& which) { return std::string(which.param.name); });

}  // namespace
}  // namespace frpx::store
