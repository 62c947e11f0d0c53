// What becomes of answers that are none, and of those that nobody reads.
#include "gateway/gateway_fixture.hpp"

namespace frpx::gateway {
namespace {

constexpr const char* chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

class answer : public gateway_fixture {
 protected:
  // A request that has reached its service.
  net::unique_fd ask(const options& how = patient()) {
    start(0, how);
    know_key();
    net::unique_fd down = connect();
    send(down, request("POST /"));
    EXPECT_TRUE(run_until([&] { return client_->services.size() == 1; }));
    read(service(), "\r\n\r\n");
    return down;
  }
  void expect_502(const net::unique_fd& down) {
    const std::string said = read(down, "}");
    EXPECT_TRUE(said.starts_with("HTTP/1.1 502 ")) << said;
    EXPECT_EQ(said.find("200 OK"), said.npos) << said;
    EXPECT_EQ(client_->in_flight, 0U);
  }
};

TEST_F(answer, a_bad_chunk_in_the_packet_of_the_head_is_502) {
  const net::unique_fd down = ask();
  send(service(), std::string(chunked) + "ZZ\r\n");
  expect_502(down);
}

TEST_F(answer, a_bad_chunk_behind_its_first_digit_is_502) {
  const net::unique_fd down = ask();
  send(service(), std::string(chunked) + "5");
  char none = 0;
  EXPECT_EQ(::recv(down.get(), &none, 1, MSG_DONTWAIT), -1) << "nothing is said yet";
  send(service(), "Z");
  expect_502(down);
}

TEST_F(answer, endless_trailers_are_502) {
  const net::unique_fd down = ask();
  send(service(), std::string(chunked) + "0\r\n");
  for (int i = 0; i < 5; ++i) send(service(), "X: " + std::string(2000, 'x') + "\r\n");
  expect_502(down);
}

TEST_F(answer, more_interim_answers_than_are_borne_are_502) {
  const net::unique_fd down = ask();
  std::string interim;
  for (int i = 0; i < 101; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  ASSERT_EQ(::send(service().get(), interim.data(), interim.size(), 0),
            static_cast<ssize_t>(interim.size()));
  const std::string said = read(down, "}");
  const auto last = said.rfind("HTTP/1.1 ");
  EXPECT_TRUE(said.substr(last).starts_with("HTTP/1.1 502 ")) << said;
}

TEST_F(answer, a_service_that_dies_behind_an_interim_answer_is_502) {
  const net::unique_fd down = ask();
  send(service(), "HTTP/1.1 103 Early Hints\r\n\r\n");
  read(down, "103 ");
  reset(client_->services.back().theirs);
  const std::string said = read(down, "}");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 502 ")) << said;
}

TEST_F(answer, a_bad_chunk_behind_what_was_given_resets) {
  const net::unique_fd down = ask();
  send(service(), chunked);
  read(down, "200 OK");  // at once: events may begin much later
  send(service(), "ZZ\r\n");
  EXPECT_EQ(read_to_end(down), "reset");
}

TEST_F(answer, an_answer_that_was_held_back_is_whole) {
  const net::unique_fd down = ask();
  send(service(), std::string(chunked) + "5");
  send(service(), "\r\nhello\r\n0\r\n");
  send(service(), "X-Sum: 1\r\n\r\n");
  EXPECT_TRUE(read(down, "X-Sum: 1\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
  send(down, request("GET /next"));
  EXPECT_TRUE(read(service(), "\r\n\r\n").starts_with("GET /next ")) << "both go on";
}

TEST_F(answer, an_answer_without_payload_comes_with_its_end) {
  const net::unique_fd down = ask();
  send(service(), std::string(chunked) + "0\r\n");
  send(service(), "\r\n");
  EXPECT_TRUE(read(down, "\r\n\r\n0\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(answer, a_visitor_that_does_not_read_says_nothing_against_the_client) {
  options how = patient();
  how.response_stall = std::chrono::milliseconds(50);
  how.choosing.health.failures = 1;
  const net::unique_fd down = ask(how);
  std::string large = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  large.append(1'000'000, 'x');
  ASSERT_GT(::send(service().get(), large.data(), large.size(), MSG_DONTWAIT), 500'000);
  EXPECT_TRUE(run_until([&] { return gateway_->visitors() == 0; }));
  EXPECT_TRUE(client_->health.fit(steady_clock::now()));
  EXPECT_TRUE(read_to_end(down).ends_with("reset"));
}

TEST_F(answer, a_service_that_says_no_more_counts_as_failed) {
  options how = patient();
  how.response_stall = std::chrono::milliseconds(50);
  how.choosing.health.failures = 1;
  const net::unique_fd down = ask(how);
  send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  EXPECT_TRUE(read_to_end(down).ends_with("reset"));
  EXPECT_FALSE(client_->health.fit(steady_clock::now()));
}

TEST_F(answer, a_401_keeps_the_connection_that_it_says_it_keeps) {
  start();
  know_key();
  const net::unique_fd down = connect();
  send(down, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n\r\n");
  const std::string said = read(down, "}");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 401 ")) << said;
  EXPECT_NE(said.find("\r\nConnection: keep-alive\r\n"), said.npos) << said;
  EXPECT_NE(said.find("\r\nDate: "), said.npos) << said;
  send(down, request("GET /second"));
  ASSERT_TRUE(run_until([&] { return client_->services.size() == 1; }));
  EXPECT_TRUE(read(service(), "\r\n\r\n").starts_with("GET /second "));
}

TEST_F(answer, a_401_to_a_request_that_is_still_being_sent_says_that_it_closes) {
  start();
  const net::unique_fd down = connect();
  send(down, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  const std::string said = read_to_end(down);
  EXPECT_TRUE(said.starts_with("HTTP/1.1 401 ")) << said;
  EXPECT_NE(said.find("\r\nConnection: close\r\n"), said.npos) << said;
}

// --- streams that are used again ---

class kept_stream : public answer {
 protected:
  // The second request on a stream, which has reached its service.
  net::unique_fd ask_again(options how = patient()) {
    how.confirmation = std::chrono::milliseconds(100);
    net::unique_fd down = ask(how);
    send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    read(down, "ok");
    send(down, request("GET /again"));
    read(service(), "\r\n\r\n");
    EXPECT_EQ(client_->services.size(), 1U) << "the stream was kept";
    return down;
  }
};

TEST_F(kept_stream, a_client_that_gives_no_sign_is_given_up_within_its_confirmation) {
  const net::unique_fd down = ask_again();
  const std::string said = read(down, "}");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 504 ")) << said;
  EXPECT_EQ(client_->asked_for_signs, 1);
  EXPECT_EQ(client_->services.size(), 1U) << "a stream of its own would wait as long";
}

TEST_F(kept_stream, a_client_that_gives_a_sign_has_all_the_time_for_its_answer) {
  options how = patient();
  const net::unique_fd down = ask_again(how);
  ASSERT_TRUE(run_until([&] { return client_->asker != nullptr; }));
  client_->gives_signs = true;
  client_->asker->ring();
  const steady_time later = steady_clock::now() + std::chrono::milliseconds(300);
  run_until([&] { return steady_clock::now() > later; });
  send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  EXPECT_TRUE(read(down, "done").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(client_->asked_for_signs, 1);
}

TEST_F(kept_stream, a_client_that_cannot_be_asked_has_all_the_time) {
  const net::unique_fd down = ask_again();
  client_->can_be_asked = false;
  ASSERT_TRUE(run_until([&] { return client_->asked_for_signs == 1; }));
  const steady_time later = steady_clock::now() + std::chrono::milliseconds(300);
  run_until([&] { return steady_clock::now() > later; });
  send(service(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  EXPECT_TRUE(read(down, "done").starts_with("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace frpx::gateway
