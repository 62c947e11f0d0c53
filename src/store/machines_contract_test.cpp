// What every store promises of machines.
#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

TEST_P(store_contract, a_machine_is_added_once_and_then_changed) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().put_asset(some_asset("u1", "m1")));
  asset again = some_asset("u1", "m1");
  again.name = "renamed";
  again.online = false;
  again.created = t0 + 1h;
  again.updated = t0 + 1h;
  ASSERT_TRUE(db().put_asset(again));
  const auto rows = db().list_assets({});
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().name, "renamed");
  EXPECT_FALSE(rows->front().online);
  EXPECT_EQ(rows->front().created, t0);
  EXPECT_EQ(rows->front().updated, t0 + 1h);
  EXPECT_EQ(db().put_asset(some_asset("nobody", "m1")).error(), errc::not_found);
}

TEST_P(store_contract, only_silent_machines_go_offline) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  asset row = some_asset("u1", "silent");
  ASSERT_TRUE(db().put_asset(row));
  row.machine_id = "lively";
  row.updated = t0 + 60s;
  ASSERT_TRUE(db().put_asset(row));
  EXPECT_EQ(*db().put_silent_assets_offline(t0 + 60s), 1u);
  const auto rows = db().list_assets({});
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_TRUE((*rows)[0].online);
  EXPECT_FALSE((*rows)[1].online);
  EXPECT_EQ(*db().put_silent_assets_offline(t0 + 60s), 0u);
}

}  // namespace
}  // namespace frpx::store
