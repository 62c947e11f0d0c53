// Server and client joined by real links: what visitors see, and what it costs.
#include "tests/integration/house.hpp"

#include <cstdlib>

namespace frpx::integration {
namespace {

// Bytes that differ from place to place, so that one lost, doubled or moved shows.
std::string pattern(std::size_t size, std::uint64_t seed) {
  quick_random random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

// Answers each request with as many bytes as its path names.
void answer_sizes(plain_connection& with) {
  for (;;) {
    const std::string head = with.until("\r\n\r\n");
    if (head.empty()) return;
    const std::size_t size = static_cast<std::size_t>(std::atoll(head.c_str() + 5));
    if (!with.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                   pattern(size, size))) {
      return;
    }
  }
}

// Switches protocols, then echoes until the end.
void echo_upgraded(plain_connection& with) {
  with.until("\r\n\r\n");
  with.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  for (std::string text = with.some(); !text.empty(); text = with.some()) {
    if (!with.send(text)) return;
  }
  with.finish();
}

const std::string websocket =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

class linked : public testing::Test {
 protected:
  void begin(local_service::handler serve, std::uint32_t workers = 2) {
    service_ = std::make_unique<local_service>(std::move(serve));
    server_ = std::make_unique<server::server>(server_options(workers));
    client_ = std::make_unique<client>(server_->ports(), "a", service_->port());
    ASSERT_TRUE(eventually([this] { return client_->registered(); }));
    // Its links come a moment later, one for each worker.
    ASSERT_TRUE(eventually([&] { return server_->figures().links == workers; }));
  }
  std::uint16_t port() const { return server_->ports().visitors; }
  std::string answer_to(plain_connection& visitor, std::size_t size) {
    visitor.send(get("/" + std::to_string(size)));
    const std::string head = visitor.until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
    return visitor.exactly(size);
  }

  /// What a request could cost besides its bytes.
  struct costs {
    std::uint64_t proxy_connections = 0;
    std::uint64_t posts_of_server = 0;
    std::uint64_t posts_of_client = 0;
    std::uint64_t connections_of_service = 0;
    bool operator==(const costs&) const = default;
    costs operator-(const costs& from) const {
      return {proxy_connections - from.proxy_connections, posts_of_server - from.posts_of_server,
              posts_of_client - from.posts_of_client,
              connections_of_service - from.connections_of_service};
    }
  };
  costs costs_so_far() const {
    const auto server = server_->figures();
    return {server.proxy_connections, server.posts, client_->posts(), service_->connections()};
  }

  std::unique_ptr<local_service> service_;
  std::unique_ptr<server::server> server_;
  std::unique_ptr<client> client_;
};

TEST_F(linked, requests_need_no_connection_and_no_other_thread) {
  begin(answer_sizes);
  plain_connection visitor(port());
  ASSERT_EQ(answer_to(visitor, 100), pattern(100, 100));
  // Now and then the programs do something of their own: the client asks the service for models.
  costs of_requests;
  for (int round = 0; round < 20; ++round) {
    const costs before = costs_so_far();
    for (int i = 0; i < 200; ++i) ASSERT_EQ(answer_to(visitor, 100), pattern(100, 100));
    of_requests = costs_so_far() - before;
    if (of_requests == costs{}) break;
  }
  EXPECT_EQ(of_requests.proxy_connections, 0U);
  EXPECT_EQ(of_requests.posts_of_server, 0U);
  EXPECT_EQ(of_requests.posts_of_client, 0U);
  EXPECT_EQ(of_requests.connections_of_service, 0U) << "the stream is kept";
}

TEST_F(linked, a_new_visitor_costs_a_frame) {
  begin(answer_sizes, 1);
  const auto before = server_->figures();
  for (int i = 0; i < 50; ++i) {
    plain_connection visitor(port());
    ASSERT_EQ(answer_to(visitor, 10), pattern(10, 10));
  }
  EXPECT_EQ(server_->figures().proxy_connections, before.proxy_connections);
}

TEST_F(linked, bulk_moves_to_an_own_connection_bit_exact) {
  begin(answer_sizes);
  const auto before = server_->figures();
  plain_connection visitor(port());
  for (const std::size_t size : {10u, 3'000'000u, 1u, 20'000'000u, 5u}) {
    ASSERT_TRUE(answer_to(visitor, size) == pattern(size, size)) << size;
  }
  EXPECT_EQ(server_->figures().proxy_connections, before.proxy_connections + 1);
}

TEST_F(linked, small_answers_on_a_kept_stream_never_move) {
  begin(answer_sizes);
  const auto before = server_->figures();
  plain_connection visitor(port());
  for (int i = 0; i < 300; ++i) ASSERT_EQ(answer_to(visitor, 4000).size(), 4000U);
  EXPECT_EQ(server_->figures().proxy_connections, before.proxy_connections);
}

TEST_F(linked, an_upgraded_connection_moves_in_both_directions) {
  begin(echo_upgraded);
  plain_connection visitor(port());
  ASSERT_TRUE(visitor.send(get("/", websocket)));
  ASSERT_TRUE(visitor.until("\r\n\r\n").starts_with("HTTP/1.1 101"));
  const std::string sent = pattern(30'000'000, 7);
  std::thread sending([&] {
    EXPECT_TRUE(visitor.send(sent));
    visitor.finish();
  });
  EXPECT_TRUE(visitor.exactly(sent.size()) == sent);
  sending.join();
  EXPECT_EQ(visitor.some(), "");
  EXPECT_TRUE(visitor.ended()) << "the half-close came back as an end, not as a reset";
}

TEST_F(linked, many_visitors_share_the_links) {
  begin(answer_sizes);
  std::vector<std::thread> visitors;
  std::atomic<int> right{0};
  for (std::size_t i = 0; i < 16; ++i) {
    visitors.emplace_back([this, i, &right] {
      plain_connection visitor(port());
      bool exact = true;
      for (std::size_t n = 0; n < 20; ++n) {
        const std::size_t size = (i * 7919 + n * 104'729) % 600'000;
        exact &= answer_to(visitor, size) == pattern(size, size);
      }
      right += exact;
    });
  }
  for (auto& each : visitors) each.join();
  EXPECT_EQ(right, 16);
}

TEST_F(linked, visitors_that_reset_midway_leave_nothing) {
  begin(answer_sizes);
  for (int i = 0; i < 40; ++i) {
    plain_connection visitor(port());
    visitor.send(get("/5000000"));
    visitor.exactly(static_cast<std::size_t>(i) * 20'000 + 1);
    visitor.reset();
  }
  plain_connection visitor(port());
  EXPECT_EQ(answer_to(visitor, 10), pattern(10, 10));
  EXPECT_TRUE(eventually([this] { return server_->figures().visitors == 1; }));
}

}  // namespace
}  // namespace frpx::integration
