// What a relay promises, seen through streams that the test moves byte by byte. The same with
// sockets and splice: relay_socket_test.cpp.
#include "net/relay.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/event_loop.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::net {
namespace {

using test::memory_peer;
using test::memory_stream;

constexpr std::size_t plenty = std::size_t{1} << 40;

class relay_test : public testing::Test, public relay::observer {
 protected:
  ~relay_test() override { loop_->relays().reset_all(); }

  relay& start(std::string_view from_visitor = {}, std::string_view from_service = {}) {
    relay& started = loop_->relays().start(std::make_unique<memory_stream>(visitor_),
                                           std::make_unique<memory_stream>(service_), this,
                                           as_bytes(from_visitor), as_bytes(from_service));
    loop_.settle();
    return started;
  }
  relay& start_with_room() {
    visitor_.make_room(plenty);
    service_.make_room(plenty);
    return start();
  }
  void on_relay_end(relay&, const relay_report& report) override {
    EXPECT_FALSE(report_) << "the end is told once";
    report_ = report;
  }
  void expect_both_reset(relay_end how) {
    ASSERT_TRUE(report_);
    EXPECT_EQ(report_->how, how);
    EXPECT_TRUE(visitor_.saw_reset());
    EXPECT_TRUE(service_.saw_reset());
    EXPECT_TRUE(visitor_.alone());
    EXPECT_TRUE(service_.alone());
    EXPECT_EQ(loop_->relays().size(), 0u);
  }

  test::event_loop loop_;
  memory_peer visitor_;
  memory_peer service_;
  std::optional<relay_report> report_;
};

TEST_F(relay_test, carries_bytes_both_ways_and_counts_them) {
  const relay& joined = start_with_room();
  visitor_.send("question");
  service_.send("answer");
  EXPECT_EQ(service_.taken(), "question");
  EXPECT_EQ(visitor_.taken(), "answer");
  EXPECT_EQ(joined.from_visitor(), 8u);
  EXPECT_EQ(joined.from_service(), 6u);
}

TEST_F(relay_test, bytes_read_ahead_go_first) {
  visitor_.make_room(plenty);
  service_.make_room(plenty);
  visitor_.send(" and more");
  start("read ahead", "greeting");
  EXPECT_EQ(service_.taken(), "read ahead and more");
  EXPECT_EQ(visitor_.taken(), "greeting");
}

TEST_F(relay_test, nothing_happens_inside_start) {
  visitor_.make_room(plenty);
  service_.make_room(plenty);
  visitor_.finish();
  service_.finish();
  loop_->relays().start(std::make_unique<memory_stream>(visitor_),
                        std::make_unique<memory_stream>(service_), this);
  EXPECT_FALSE(report_);
  EXPECT_EQ(loop_->relays().size(), 1u);
  loop_.settle();
  EXPECT_TRUE(report_);
}

TEST_F(relay_test, visitor_ends_first_and_still_hears_the_answer) {
  start_with_room();
  visitor_.send("question");
  visitor_.finish();
  EXPECT_TRUE(service_.saw_end());
  EXPECT_FALSE(visitor_.saw_end());
  service_.send("late answer");
  EXPECT_EQ(visitor_.taken(), "late answer");
  EXPECT_FALSE(report_);
  service_.finish();
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->how, relay_end::finished);
  EXPECT_EQ(report_->from_visitor, 8u);
  EXPECT_EQ(report_->from_service, 11u);
  EXPECT_FALSE(visitor_.saw_reset());
  EXPECT_FALSE(service_.saw_reset());
}

TEST_F(relay_test, service_ends_first_and_still_hears_the_visitor) {
  start_with_room();
  service_.send("greeting");
  service_.finish();
  EXPECT_TRUE(visitor_.saw_end());
  EXPECT_FALSE(service_.saw_end());
  visitor_.send("thanks");
  visitor_.finish();
  EXPECT_EQ(service_.taken(), "thanks");
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->how, relay_end::finished);
}

TEST_F(relay_test, an_end_waits_for_the_bytes_before_it) {
  visitor_.send("question");
  visitor_.finish();
  start();
  EXPECT_FALSE(service_.saw_end());
  service_.make_room(7);
  EXPECT_FALSE(service_.saw_end());
  service_.make_room(1);
  EXPECT_EQ(service_.taken(), "question");
  EXPECT_TRUE(service_.saw_end());
}

TEST_F(relay_test, a_reset_by_the_visitor_resets_the_service) {
  start_with_room();
  visitor_.reset();
  expect_both_reset(relay_end::visitor_failed);
  EXPECT_TRUE(report_->error);
}

TEST_F(relay_test, a_reset_by_the_service_resets_the_visitor) {
  start_with_room();
  service_.reset();
  expect_both_reset(relay_end::service_failed);
}

TEST_F(relay_test, a_reset_after_a_clean_end_is_still_a_reset) {
  start_with_room();
  service_.finish();
  EXPECT_TRUE(visitor_.saw_end());
  service_.reset();
  expect_both_reset(relay_end::service_failed);
}

TEST_F(relay_test, a_reset_is_heard_while_its_bytes_are_held_up) {
  start();
  visitor_.send("question");  // no room: held
  visitor_.reset();
  expect_both_reset(relay_end::visitor_failed);
  EXPECT_EQ(report_->from_visitor, 0u);
}

TEST_F(relay_test, a_reset_is_passed_on_to_who_has_ended_both_ways) {
  start();
  visitor_.send("question");  // no room: held
  visitor_.finish();
  service_.finish();
  EXPECT_TRUE(visitor_.saw_end());
  service_.reset();
  expect_both_reset(relay_end::service_failed);
}

TEST_F(relay_test, reset_ends_both_sides_and_reports_at_once) {
  relay& joined = start_with_room();
  joined.reset();
  expect_both_reset(relay_end::cancelled);
  EXPECT_FALSE(report_->error);
}

TEST_F(relay_test, a_sink_without_room_stops_its_source) {
  start();
  constexpr std::size_t much = 1 << 20;
  visitor_.send(std::string(much, 'x'));
  loop_.settle();
  EXPECT_EQ(much - visitor_.unread(), buffer_pool::block_size);  // held, and not a byte more
  service_.make_room(buffer_pool::block_size - 1);
  EXPECT_EQ(much - visitor_.unread(), buffer_pool::block_size);
  service_.make_room(1);
  loop_.settle();
  EXPECT_EQ(much - visitor_.unread(), 2 * buffer_pool::block_size);
  service_.make_room(plenty);
  ASSERT_TRUE(loop_.run_until([&] { return service_.taken().size() == much; }));
}

TEST_F(relay_test, one_stuck_direction_leaves_the_other_alone) {
  visitor_.make_room(plenty);
  start();
  visitor_.send("stuck");
  service_.send("flows");
  EXPECT_EQ(visitor_.taken(), "flows");
  EXPECT_EQ(service_.taken(), "");
}

TEST_F(relay_test, one_byte_at_a_time) {
  visitor_.slice(1);
  service_.slice(1);
  start_with_room();
  const std::string text(1000, 'y');
  visitor_.send(text);
  service_.send(text);
  visitor_.finish();
  service_.finish();
  loop_.settle();
  EXPECT_EQ(service_.taken(), text);
  EXPECT_EQ(visitor_.taken(), text);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->how, relay_end::finished);
}

TEST_F(relay_test, a_relay_may_be_started_from_the_end_of_another) {
  struct chain final : relay::observer {
    void on_relay_end(relay&, const relay_report&) override {
      if (left-- > 0) start_one();
    }
    void start_one() {
      on.relays().start(std::make_unique<memory_stream>(visitor),
                        std::make_unique<memory_stream>(service), this);
    }
    explicit chain(worker& where) : on(where) {}
    worker& on;
    memory_peer visitor;
    memory_peer service;
    int left = 3;
  } several(loop_.worker());
  several.visitor.reset();
  several.start_one();
  ASSERT_TRUE(loop_.run_until([&] { return several.left < 0; }));
  EXPECT_EQ(loop_->relays().size(), 0u);
  EXPECT_EQ(loop_->relays().totals().started, 4u);
}

TEST_F(relay_test, joins_wait_for_the_last) {
  start_with_room();
  EXPECT_FALSE(
      loop_.await(loop_->relays().join(steady_clock::now() + std::chrono::milliseconds(1))));
  loop_->post([&] {
    visitor_.finish();
    service_.finish();
  });
  EXPECT_TRUE(loop_.await(loop_->relays().join(steady_clock::now() + std::chrono::seconds(30))));
}

TEST_F(relay_test, totals_outlive_the_relays) {
  start_with_room().reset();
  memory_peer visitor;
  memory_peer service;
  visitor.make_room(plenty);
  service.make_room(plenty);
  visitor.send("12345");
  service.send("123");
  relay& second = loop_->relays().start(std::make_unique<memory_stream>(visitor),
                                        std::make_unique<memory_stream>(service));
  loop_.settle();
  second.reset();
  EXPECT_EQ(loop_->relays().totals().started, 2u);
  EXPECT_EQ(loop_->relays().totals().from_visitors, 5u);
  EXPECT_EQ(loop_->relays().totals().from_services, 3u);
  EXPECT_EQ(loop_->relays().totals().spliced, 0u);
}

}  // namespace
}  // namespace frpx::net
