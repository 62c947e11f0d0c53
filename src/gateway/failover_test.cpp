#include "gateway/failover.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace frpx::gateway {
namespace {

struct row {
  std::string name;
  outcome what;
  bool data_sent;
  decision repeatable;    // when another client is left
  decision unrepeatable;  // the same
  decision alone;         // when none is left
};

constexpr auto next = decision::next_client;
constexpr auto d502 = decision::answer_502;
constexpr auto d503 = decision::answer_503;
constexpr auto d504 = decision::answer_504;
constexpr auto pass = decision::pass_answer;

const std::vector<row> table = {
    {"OPENED not 0: refused", outcome::refused, false, next, next, d502},
    {"OPENED not 0, data dropped", outcome::refused, true, next, next, d502},
    {"OPENED not 0: busy", outcome::busy, true, next, next, d503},
    {"OPENED not 0: timed out", outcome::dial_too_late, true, next, next, d504},
    {"end before OPENED, no data", outcome::ended_unopened, false, next, next, d503},
    {"3 s before OPENED, no data", outcome::late_unopened, false, next, next, d504},
    {"end before OPENED, data sent", outcome::ended_unopened, true, next, d502, d502},
    {"3 s without OPENED, data sent", outcome::late_unopened, true, next, d504, d504},
    {"end before a response byte", outcome::ended_opened, true, next, d502, d502},
    {"reused stream that was dead", outcome::ended_opened, false, next, next, d502},
    {"late answer", outcome::late_answer, true, d504, d504, d504},
    {"rubbish", outcome::rubbish, true, d502, d502, d502},
    {"503 or 429", outcome::unavailable, true, next, next, pass},
};

TEST(failover, each_row_of_the_table) {
  ASSERT_FALSE(table.empty());
  for (const row& r : table) {
    failed_try t{.what = r.what, .data_sent = r.data_sent, .held = true, .another_left = true};
    t.repeatable = true;
    EXPECT_EQ(decide(t), r.repeatable) << r.name;
    t.repeatable = false;
    EXPECT_EQ(decide(t), r.unrepeatable) << r.name;
    t.another_left = false;
    EXPECT_EQ(decide(t), r.alone) << r.name;
    t.repeatable = true;
    EXPECT_EQ(decide(t), r.alone) << r.name;
    // What was sent and is not held any more cannot be sent again.
    t.another_left = true;
    t.held = false;
    EXPECT_EQ(decide(t), r.data_sent ? r.alone : r.repeatable) << r.name;
    t.answer_begun = t.another_left = true;
    EXPECT_EQ(decide(t), decision::reset_visitor) << r.name;
  }
}

TEST(failover, statuses) {
  EXPECT_EQ(status_of(d502), 502);
  EXPECT_EQ(status_of(d503), 503);
  EXPECT_EQ(status_of(d504), 504);
  EXPECT_EQ(status_of(next), 0);
  EXPECT_EQ(status_of(pass), 0);
  EXPECT_EQ(status_of(decision::reset_visitor), 0);
}

bool may_repeat(std::string_view method, std::string_view path,
                const std::optional<std::vector<std::string>>& given = std::nullopt) {
  const llm::canonical_path canonical(path);
  return is_repeatable(method, path, llm::find_api(method, canonical), given);
}

TEST(failover, what_may_be_repeated) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}) {
    EXPECT_TRUE(may_repeat(method, "/any")) << method;
    EXPECT_TRUE(may_repeat(method, "/any", std::vector<std::string>())) << method;
  }
  for (const char* method : {"POST", "PATCH", "get", "TRACE", ""}) {
    EXPECT_FALSE(may_repeat(method, "/any")) << method;
    EXPECT_FALSE(may_repeat(method, "/v1/files")) << method;
  }
  for (const char* path : {"/v1/chat/completions", "/v1//chat/completions/", "/v1/messages"}) {
    EXPECT_TRUE(may_repeat("POST", path)) << path;
    EXPECT_FALSE(may_repeat("PATCH", path)) << path;
    EXPECT_FALSE(may_repeat("POST", path, std::vector<std::string>())) << path;
  }
  EXPECT_TRUE(may_repeat("POST", "/mine", std::vector<std::string>{"/mine"}));
  EXPECT_FALSE(may_repeat("POST", "/api/chat", std::vector<std::string>{"/mine"}));
}

}  // namespace
}  // namespace frpx::gateway
