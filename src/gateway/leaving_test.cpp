// A request may end wherever it waits: because its downstream leaves, or because the worker stops.
#include "gateway/gateway_fixture.hpp"

namespace frpx::gateway {
namespace {

// Where a request waits.
enum class stage { head, key, model, queue, opening, answer, mid_answer, saying, lingering };
constexpr stage all_stages[] = {stage::head,       stage::key,     stage::model,
                                stage::queue,      stage::opening, stage::answer,
                                stage::mid_answer, stage::saying,  stage::lingering};

class leaving : public gateway_fixture {
 protected:
  // --- the stages ---

  // A request that waits there, by the downstream that it gives.
  net::unique_fd bring_to(stage where) {
    const bool queued = where == stage::queue;
    start(queued ? 1 : 0);
    if (where == stage::key) {
      hold_keys();
    } else {
      know_key();
    }
    if (queued) EXPECT_TRUE(client_->take_place());
    client_->holds_back = where == stage::opening;
    net::unique_fd down = connect();
    switch (where) {
      case stage::head:
        send(down, "GET / HTTP/1.1\r\nHost:");
        break;
      case stage::key:
        send(down, request("GET /"));
        EXPECT_TRUE(run_until([&] { return key_questions_ == 1; }));
        break;
      case stage::model:
        send(down, request("POST /v1/chat/completions", "Content-Length: 100\r\n") + "{\"mod");
        break;
      case stage::queue:
        send(down, request("GET /"));
        EXPECT_TRUE(run_until([&] { return gateway_->waiting() == 1; }));
        break;
      case stage::opening:
        send(down, request("GET /"));
        EXPECT_TRUE(run_until([&] { return client_->asked == 1; }));
        break;
      case stage::answer:
      case stage::mid_answer:
        send(down, request("GET /"));
        EXPECT_TRUE(run_until([&] { return client_->services.size() == 1; }));
        read(service(), "\r\n\r\n");
        if (where == stage::answer) break;
        send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        read(down, "abc");
        break;
      case stage::saying:
        send(down, request("GET /v1/models"));
        read(down, "HTTP/1.1 200 OK");
        break;
      case stage::lingering:
        send(down, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
        read(down, "HTTP/1.1 401 Unauthorized");
        break;
    }
    settle();
    EXPECT_EQ(gateway_->visitors(), 1U);
    return down;
  }
  // Nothing of the request is left anywhere.
  void expect_over(stage where) {
    EXPECT_TRUE(run_until([&] { return gateway_->visitors() == 0; }));
    settle();
    EXPECT_EQ(gateway_->waiting(), 0U);
    EXPECT_EQ(client_->in_flight, where == stage::queue ? 1U : 0U) << "the one that the test took";
    if (where == stage::answer || where == stage::mid_answer) read_to_end(service());
  }
};

class leaving_at : public leaving, public testing::WithParamInterface<stage> {};

TEST_P(leaving_at, a_reset_ends_the_request) {
  net::unique_fd down = bring_to(GetParam());
  reset(down);
  expect_over(GetParam());
}

TEST_P(leaving_at, the_end_of_the_downstream_ends_the_request) {
  const net::unique_fd down = bring_to(GetParam());
  end(down);
  expect_over(GetParam());
  const std::string said = read_to_end(down);
  switch (GetParam()) {
    case stage::head:
    case stage::lingering:
      EXPECT_EQ(said.find("reset"), said.npos) << "nothing is lost";
      break;
    case stage::model:
      EXPECT_TRUE(said.starts_with("HTTP/1.1 400 ")) << "its request was cut: " << said;
      break;
    default:
      EXPECT_TRUE(said.ends_with("reset")) << "no answer looks whole: " << said;
  }
}

TEST_P(leaving_at, a_worker_that_stops_ends_the_request) {
  const net::unique_fd down = bring_to(GetParam());
  stop_worker();
  expect_over(GetParam());
}

TEST_P(leaving_at, both_at_once_end_the_request) {
  net::unique_fd down = bring_to(GetParam());
  worker().loop().post([&] {
    reset(down);
    worker().tasks().cancel();
  });
  expect_over(GetParam());
}

INSTANTIATE_TEST_SUITE_P(stages, leaving_at, testing::ValuesIn(all_stages));

// --- what the end of a direction means ---

TEST_F(leaving, whoever_half_closes_gets_its_answer_if_that_is_wanted) {
  options how = patient();
  how.half_close = true;
  start(1, how);
  hold_keys();
  ASSERT_TRUE(client_->take_place());
  client_->holds_back = true;
  const net::unique_fd down = connect();
  send(down, request("GET /"));
  end(down);
  EXPECT_TRUE(run_until([&] { return key_questions_ == 1; }));
  settle();
  answer_keys();
  EXPECT_TRUE(run_until([&] { return gateway_->waiting() == 1; }));
  settle();
  --client_->in_flight;
  gateway_->look_around();
  EXPECT_TRUE(run_until([&] { return client_->asked == 1; }));
  settle();
  client_->holds_back = false;
  EXPECT_TRUE(run_until([&] { return client_->services.size() == 1; }));
  read(service(), "\r\n\r\n");
  send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  send(service(), "abc");
  EXPECT_TRUE(read_to_end(down).ends_with("abc"));
}

TEST_F(leaving, a_request_that_ends_while_it_waits_for_a_place_is_over) {
  start(1);
  know_key();
  ASSERT_TRUE(client_->take_place());
  const net::unique_fd down = connect();
  send(down, request("POST /", "Content-Length: 5\r\n"));
  ASSERT_TRUE(run_until([&] { return gateway_->waiting() == 1; }));
  send(down, "hello");
  EXPECT_EQ(gateway_->waiting(), 1U);
  end(down);
  EXPECT_TRUE(run_until([&] { return gateway_->waiting() == 0; }));
  EXPECT_EQ(read_to_end(down), "reset");
}

TEST_F(leaving, a_request_that_is_cut_while_it_waits_for_a_place_is_told_so) {
  start(1);
  know_key();
  ASSERT_TRUE(client_->take_place());
  const net::unique_fd down = connect();
  send(down, request("POST /", "Content-Length: 5\r\n"));
  ASSERT_TRUE(run_until([&] { return gateway_->waiting() == 1; }));
  send(down, "he");
  end(down);
  EXPECT_TRUE(run_until([&] { return gateway_->waiting() == 0; }));
  EXPECT_TRUE(read_to_end(down).starts_with("HTTP/1.1 400 "));
}

TEST_F(leaving, a_request_that_ends_while_its_stream_is_opened_is_over) {
  start();
  know_key();
  client_->holds_back = true;
  const net::unique_fd down = connect();
  send(down, request("POST /", "Content-Length: 5\r\n"));
  ASSERT_TRUE(run_until([&] { return client_->asked == 1; }));
  send(down, "hello");
  EXPECT_EQ(client_->in_flight, 1U);
  end(down);
  EXPECT_EQ(read_to_end(down), "reset");
  EXPECT_EQ(client_->in_flight, 0U);
}

TEST_F(leaving, requests_behind_the_one_at_hand_do_not_keep_it) {
  start();
  know_key();
  const net::unique_fd down = connect();
  send(down, request("GET /1") + request("GET /2"));
  ASSERT_TRUE(run_until([&] { return client_->services.size() == 1; }));
  read(service(), "\r\n\r\n");
  end(down);
  EXPECT_EQ(read_to_end(down), "reset");
  EXPECT_EQ(read_to_end(service()).find("GET /2"), std::string::npos);
}

TEST_F(leaving, an_end_behind_the_answer_ends_the_connection_in_order) {
  start();
  know_key();
  const net::unique_fd down = connect();
  send(down, request("GET /"));
  ASSERT_TRUE(run_until([&] { return client_->services.size() == 1; }));
  read(service(), "\r\n\r\n");
  send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  end(down);
  EXPECT_TRUE(read_to_end(down).ends_with("abc"));
}

// --- what others may not notice ---

TEST_F(leaving, who_asked_first_for_a_key_is_not_needed_by_the_others) {
  start();
  hold_keys();
  net::unique_fd first = connect();
  send(first, request("GET /first"));
  ASSERT_TRUE(run_until([&] { return key_questions_ == 1; }));
  net::unique_fd second = connect();
  send(second, request("GET /second"));
  const net::unique_fd third = connect();
  send(third, request("GET /third"));
  reset(first);
  reset(second);
  EXPECT_TRUE(run_until([&] { return gateway_->visitors() == 1; }));
  answer_keys();
  EXPECT_TRUE(run_until([&] { return client_->services.size() == 1; }));
  EXPECT_TRUE(read(service(), "\r\n\r\n").starts_with("GET /third "));
  EXPECT_EQ(key_questions_, 1);
}

TEST_F(leaving, whoever_reads_our_answer_slowly_holds_no_place_of_its_key) {
  const net::unique_fd slow = bring_to(stage::saying);
  const net::unique_fd slower = connect();
  send(slower, request("GET /v1/models"));
  read(slower, "HTTP/1.1 200 OK");
  EXPECT_EQ(gateway_->visitors(), 2U);
  const net::unique_fd third = connect();
  send(third, request("GET /"));
  EXPECT_TRUE(run_until([&] { return client_->services.size() == 1; }))
      << "two at once are allowed";
}

}  // namespace
}  // namespace frpx::gateway
