#include "api/event_log.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/support/event_loop.hpp"

namespace frpx::api {
namespace {

using state = http::body_source::state;

class events : public testing::Test {
 protected:
  static std::string told(http::body_source& to, state expected = state::blocked) {
    std::string text;
    auto now = state::more;
    while (now == state::more) now = to.produce(text);
    EXPECT_EQ(now, expected);
    return text;
  }
  static std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  test::event_loop loop_;
  event_log log_{loop_->timers(), wall_time(std::chrono::microseconds(1000))};
};

TEST_F(events, are_told_to_all_who_listen_from_then_on) {
  log_.tell("too.early");
  const auto one = log_.listen(std::nullopt);
  EXPECT_EQ(told(*one), "");
  log_.tell("client.came", [](json_writer& json) { json.member("client_id", "a\n\"b"); });
  const auto two = log_.listen(std::nullopt);
  log_.tell("server.draining");
  const std::string text = told(*one);
  EXPECT_TRUE(text.starts_with("id: 1001\nevent: client.came\ndata: {\"at\":\"")) << text;
  EXPECT_TRUE(text.ends_with("\n\n"));
  const auto begin = text.find("data: ") + 6;
  const auto data = boost::json::parse(text.substr(begin, text.find('\n', begin) - begin));
  EXPECT_EQ(data.at("type"), "client.came");
  EXPECT_EQ(data.at("client_id"), "a\n\"b");
  EXPECT_EQ(data.at("at").as_string().size(), 27u);
  EXPECT_NE(text.find("id: 1002\nevent: server.draining\n"), std::string::npos);
  EXPECT_TRUE(told(*two).starts_with("id: 1002\n"));
  EXPECT_EQ(told(*one), "") << "once";
}

TEST_F(events, go_on_where_a_listener_stood) {
  for (int i = 0; i < 5; ++i) log_.tell("x");
  EXPECT_TRUE(told(*log_.listen(1001)).starts_with("id: 1002\n"));
  EXPECT_EQ(told(*log_.listen(1004)), "") << "it knows all";
  EXPECT_TRUE(told(*log_.listen(999)).starts_with("id: 1000\n"));
  for (const std::uint64_t unknown : {std::uint64_t(998), std::uint64_t(1005), ~std::uint64_t(0)}) {
    const std::string text = told(*log_.listen(unknown));
    EXPECT_TRUE(text.starts_with("event: lag\ndata: {")) << unknown;
    EXPECT_EQ(count(text, "id: "), 5u) << "everything that is kept";
  }
}

TEST_F(events, that_were_dropped_are_no_secret) {
  const auto slow = log_.listen(std::nullopt);
  for (std::size_t i = 0; i < event_log::most_kept; ++i) log_.tell("x");
  const auto patient = log_.listen(999);
  EXPECT_EQ(count(told(*slow), "event: lag"), 0u) << "just in time";
  for (std::size_t i = 0; i < event_log::most_kept; ++i) log_.tell("x");
  EXPECT_EQ(count(told(*slow), "event: lag"), 0u);
  const std::string text = told(*patient);
  EXPECT_TRUE(text.starts_with("event: lag\n"));
  EXPECT_EQ(count(text, "event: x"), event_log::most_kept);
  EXPECT_NE(text.find("\nid: 2024\n"), std::string::npos) << "the oldest";
}

TEST_F(events, come_in_pieces) {
  for (std::size_t i = 0; i < event_log::most_kept; ++i) log_.tell("x");
  const auto all = log_.listen(999);
  std::string text;
  EXPECT_EQ(all->produce(text), state::more);
  EXPECT_LT(text.size(), 2 * http::body_source::piece_size);
}

TEST_F(events, have_a_bounded_number_of_listeners) {
  std::vector<std::unique_ptr<http::body_source>> all;
  for (std::size_t i = 0; i < event_log::most_listeners; ++i) {
    all.push_back(log_.listen(std::nullopt));
    ASSERT_TRUE(all.back());
  }
  EXPECT_FALSE(log_.listen(std::nullopt));
  all.pop_back();
  EXPECT_TRUE(log_.listen(std::nullopt));
}

TEST_F(events, are_no_longer_silent_than_said) {
  event_log restless(loop_->timers(), wall_clock::now(), std::chrono::milliseconds(1));
  const auto one = restless.listen(std::nullopt);
  std::string text;
  EXPECT_TRUE(loop_.run_until([&] {
    one->produce(text);
    return !text.empty();
  }));
  EXPECT_EQ(text, ": \n\n");
}

TEST_F(events, end_behind_the_last) {
  const auto one = log_.listen(std::nullopt);
  log_.tell("server.draining");
  log_.end();
  EXPECT_EQ(count(told(*one, state::ended), "event: server.draining"), 1u);
}

}  // namespace
}  // namespace frpx::api
