#include "server/api_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "http/errc.hpp"
#include "net/fd.hpp"

namespace frpx::server {
namespace {

using namespace std::chrono_literals;

/// A server on loopback that takes one connection, reads a request's head and sends its answer.
class one_answer {
 public:
  enum class then { close, reset, wait, repeat };  ///< `wait`: for the asker to go.

  one_answer(std::string answer, then what) : answer_(std::move(answer)), then_(what) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (::bind(listener_.get(), address, size) != 0 || ::listen(listener_.get(), 1) != 0 ||
        ::getsockname(listener_.get(), address, &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~one_answer() { finish(); }

  std::uint16_t port() const { return port_; }
  /// What was asked, once the connection is over.
  const std::string& finish() {
    if (thread_.joinable()) thread_.join();
    return request_;
  }

 private:
  void serve() {
    const net::unique_fd asker(::accept(listener_.get(), nullptr, nullptr));
    char bytes[4096];
    while (request_.find("\r\n\r\n") == request_.npos) {
      const ssize_t got = ::recv(asker.get(), bytes, sizeof bytes, 0);
      if (got <= 0) return;
      request_.append(bytes, static_cast<std::size_t>(got));
    }
    while (::send(asker.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL) > 0 &&
           then_ == then::repeat) {
    }
    if (then_ == then::wait) EXPECT_LE(::recv(asker.get(), bytes, sizeof bytes, 0), 0);
    if (then_ == then::reset) {
      const linger none{1, 0};
      ::setsockopt(asker.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
  }

  const std::string answer_;
  const then then_;
  net::unique_fd listener_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

api_client client_of(std::uint16_t port, const char* token = "",
                     std::chrono::milliseconds patience = 60s) {
  config::frps_options options;
  options.api_port = port;
  options.api_token = secret(token);
  return api_client(options, patience);
}

constexpr const char* good =
    "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{\"success\":true,\"data\":7}";

TEST(api_client, asks_as_the_guard_wants_it) {
  one_answer server(good, one_answer::then::wait);
  const auto data = client_of(server.port(), "a token").get("/api/stats");
  ASSERT_TRUE(data);
  EXPECT_EQ(*data, boost::json::value(7));
  EXPECT_EQ(server.finish(),
            "GET /api/stats HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port()) +
                "\r\nUser-Agent: frps/" FRPX_VERSION
                "\r\nConnection: close\r\nAuthorization: Bearer a token\r\n\r\n");
}

TEST(api_client, sends_no_authorization_without_a_token) {
  one_answer server(good, one_answer::then::close);
  EXPECT_TRUE(client_of(server.port()).get("/"));
  EXPECT_EQ(server.finish().find("Authorization"), std::string::npos);
}

TEST(api_client, takes_every_framing) {
  const char* const answers[] = {
      good,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n14\r\n{\"success\":true,\"dat\r\n5\r\na\":7}\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\n\r\n{\"success\":true,\"data\":7}",
  };
  static_assert(std::size(answers) > 0);
  for (const char* answer : answers) {
    one_answer server(answer, one_answer::then::close);
    const auto data = client_of(server.port()).get("/");
    ASSERT_TRUE(data) << data.error().message() << '\n' << answer;
    EXPECT_EQ(*data, boost::json::value(7)) << answer;
  }
}

TEST(api_client, says_why_there_is_no_answer) {
  struct failure {
    const char* answer;
    one_answer::then then;
    const char* token;
    error_code expected;
  };
  using enum one_answer::then;
  const failure cases[] = {
      {"HTTP/1.0 401 No\r\n\r\n{\"success\":false,\"data\":null}", close, "",
       api_errc::token_missing},
      {"HTTP/1.0 401 No\r\n\r\n{\"success\":false,\"data\":null}", close, "x",
       api_errc::token_wrong},
      {"HTTP/1.0 401 No\r\n\r\n{\"message\":\"whose?\"}", close, "x", api_errc::not_the_api},
      {"HTTP/1.0 404 No\r\n\r\n{\"success\":false,\"data\":null}", close, "",
       api_errc::not_the_api},
      {"HTTP/1.0 200 OK\r\n\r\n{\"data\":7}", close, "", api_errc::not_the_api},
      {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", close, "", api_errc::not_the_api},
      {"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}", close, "", api_errc::not_the_api},
      {"HTTP/1.1 100 Go on\r\n\r\n", wait, "", api_errc::not_the_api},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", close, "", api_errc::not_the_api},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", close, "", api_errc::not_the_api},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", close, "", api_errc::not_the_api},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", close, "", api_errc::not_the_api},
      {"SSH-2.0-OpenSSH_9.2\r\n", close, "", api_errc::not_the_api},
      {"SSH-2.0\r\n\r\n", wait, "", api_errc::not_the_api},
      {"HTTP/1.1 200 OK\r\n", close, "", api_errc::not_the_api},
      {"", close, "", api_errc::not_the_api},
      {"", reset, "", api_errc::not_the_api},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", close, "", http::errc::cut_short},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", wait, "", http::errc::bad_chunk},
  };
  static_assert(std::size(cases) > 0);
  for (const failure& each : cases) {
    one_answer server(each.answer, each.then);
    const auto data = client_of(server.port(), each.token).get("/");
    ASSERT_FALSE(data) << each.answer;
    EXPECT_EQ(data.error(), each.expected) << each.answer << data.error().message();
  }
}

TEST(api_client, is_patient_for_so_long_only) {
  one_answer silent("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", one_answer::then::wait);
  EXPECT_EQ(client_of(silent.port(), "", 50ms).get("/").error(), api_errc::late);
  one_answer endless("HTTP/1.1 200 OK\r\n\r\n", one_answer::then::repeat);
  EXPECT_EQ(client_of(endless.port(), "", 50ms).get("/").error(), api_errc::late);
}

TEST(api_client, takes_answers_up_to_a_limit) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(api_client::largest_answer + 1);
  one_answer endless(head + "\r\n\r\n" + std::string(1 << 20, ' '), one_answer::then::repeat);
  EXPECT_EQ(client_of(endless.port()).get("/").error(), api_errc::too_large);
  std::string most = R"({"success":true,"data":7})";
  most.resize(api_client::largest_answer, ' ');
  one_answer large("HTTP/1.0 200 OK\r\n\r\n" + most, one_answer::then::close);
  EXPECT_TRUE(client_of(large.port()).get("/"));
}

TEST(api_client, says_what_to_start) {
  std::uint16_t unused = 0;
  {
    one_answer gone("", one_answer::then::close);
    unused = gone.port();
    EXPECT_FALSE(client_of(unused).get("/"));
  }
  const api_client client = client_of(unused);
  const auto data = client.get("/");
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error(), api_errc::nothing_listens);
  const std::string why = client.explain(data.error());
  EXPECT_NE(why.find("127.0.0.1:" + std::to_string(unused)), why.npos) << why;
  EXPECT_NE(why.find("start the server with `frps`"), why.npos) << why;
}

TEST(api_client, reaches_a_server_bound_to_every_address_by_loopback) {
  config::frps_options options;
  options.api_bind = "::";
  EXPECT_NE(api_client(options).explain({}).find("[::1]:18081"), std::string::npos);
  options.api_bind = "0.0.0.0";
  EXPECT_NE(api_client(options).explain({}).find("127.0.0.1:18081"), std::string::npos);
  options.api_bind = "10.1.2.3";
  EXPECT_NE(api_client(options).explain({}).find("10.1.2.3:18081"), std::string::npos);
}

TEST(api_client, sends_no_token_that_would_end_the_head) {
  EXPECT_EQ(client_of(1, "a\r\nX: y").get("/").error(), api_errc::token_unfit);
}

}  // namespace
}  // namespace frpx::server
