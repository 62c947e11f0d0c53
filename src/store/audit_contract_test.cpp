// What every store promises of the audit log.
#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

audit_row some_audit(const std::string& what, wall_time at = t0) {
  return {.at = at,
          .who = "admin@example.com",
          .from = "192.0.2.7:4711",
          .action = "revoke key",
          .what = what,
          .outcome = "done"};
}

TEST_P(store_contract, the_audit_log_is_told_newest_first) {
  EXPECT_TRUE(db().list_audit(0, 10)->empty());
  for (const char* what : {"one", "", "\xe6\x93\x8d'; --"}) {
    ASSERT_TRUE(db().add_audit(some_audit(what, t0 + 42us)));
  }
  const auto all = db().list_audit(0, 10).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].what, "\xe6\x93\x8d'; --");
  EXPECT_EQ(all[2].what, "one");
  EXPECT_GT(all[0].id, all[1].id);
  EXPECT_EQ(all[2].at, t0 + 42us);
  EXPECT_EQ(all[2].who, "admin@example.com");
  EXPECT_EQ(all[2].from, "192.0.2.7:4711");
  EXPECT_EQ(all[2].action, "revoke key");
  EXPECT_EQ(all[2].outcome, "done");
  EXPECT_EQ(db().list_audit(0, 2)->size(), 2u);
  const auto older = db().list_audit(all[1].id, 10).value();
  ASSERT_EQ(older.size(), 1u);
  EXPECT_EQ(older[0].what, "one");
  EXPECT_TRUE(db().list_audit(all[2].id, 10)->empty());
  EXPECT_EQ(db().list_audit(~std::uint64_t(0), 10)->size(), 3u);
}

TEST_P(store_contract, old_audit_rows_are_taken_away_and_ids_do_not_come_again) {
  ASSERT_TRUE(db().add_audit(some_audit("old")));
  const auto old = db().list_audit(0, 1)->at(0).id;
  EXPECT_EQ(db().remove_audit_before(t0), 0u);
  EXPECT_EQ(db().remove_audit_before(t0 + 1us), 1u);
  ASSERT_TRUE(db().add_audit(some_audit("new", t0 + 1us)));
  EXPECT_GT(db().list_audit(0, 1)->at(0).id, old);
}

TEST_P(store_contract, a_bad_audit_row_is_refused_and_a_list_is_bounded) {
  audit_row bad = some_audit("a\nb");
  EXPECT_EQ(db().add_audit(bad).error(), errc::bad_value);
  bad = some_audit("a");
  bad.who = "";
  EXPECT_EQ(db().add_audit(bad).error(), errc::bad_value);
  for (std::size_t i = 0; i <= longest_page; ++i) ASSERT_TRUE(db().add_audit(some_audit("a")));
  EXPECT_EQ(db().list_audit(0, longest_page + 1)->size(), longest_page);
}

}  // namespace
}  // namespace frpx::store
