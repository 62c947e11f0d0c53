// The Redis client against a real Redis, and against a peer that breaks its promises.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cache/redis/redis_cache.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::cache {
namespace {

using namespace std::chrono_literals;

// Nothing here is about how long a loaded machine takes.
constexpr std::chrono::milliseconds patient{20'000};

steady_time soon() {
  return steady_clock::now() + 10s;
}

redis_url at(const std::string& text) {
  return parse_redis_url(text).value();
}

TEST(redis_url, takes_what_a_url_may_say) {
  const redis_url plain = at("redis://cache.example.com");
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "cache.example.com");
  EXPECT_EQ(plain.port, 6379);
  EXPECT_EQ(plain.database, 0u);
  EXPECT_TRUE(plain.user.empty());
  EXPECT_TRUE(plain.password.empty());

  const redis_url full = at("rediss://me:p%40ss@[::1]:7000/12");
  EXPECT_TRUE(full.tls);
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.port, 7000);
  EXPECT_EQ(full.user, "me");
  EXPECT_EQ(full.password.reveal(), "p@ss");
  EXPECT_EQ(full.database, 12u);
  EXPECT_EQ(at("redis://:secret@h/").password.reveal(), "secret");
}

TEST(redis_url, refuses_the_rest) {
  const char* cases[] = {"",
                         "redis",
                         "http://h",
                         "redis:///1",
                         "redis://h/x",
                         "redis://h/-1",
                         "redis://h:0/0",
                         "redis://h:99999/0",
                         "redis://h/1/2"};
  ASSERT_GT(std::size(cases), 0u);
  for (const char* text : cases) EXPECT_FALSE(parse_redis_url(text)) << text;
}

test::redis_server& shared_redis() {
  static test::redis_server server;
  return server;
}

TEST(redis, keeps_texts_under_a_scope) {
  redis_cache one(at(shared_redis().url()), "one", patient);
  redis_cache same(at(shared_redis().url()), "one", patient);
  redis_cache two(at(shared_redis().url()), "two", patient);
  const std::string text("bytes \0\r\n of any kind", 22);
  ASSERT_TRUE(one.put("name", text, 10s));
  EXPECT_EQ(one.get("name")->value(), text);
  EXPECT_EQ(same.get("name")->value(), text);
  EXPECT_FALSE(two.get("name")->has_value());
  EXPECT_FALSE(one.get("other")->has_value());
}

TEST(redis, a_text_is_gone_when_its_time_is_over) {
  redis_cache one(at(shared_redis().url()), "one", patient);
  ASSERT_TRUE(one.put("short", "x", 50ms));
  EXPECT_TRUE(test::wait_until([&] { return !one.get("short")->has_value(); }));
}

TEST(redis, announcements_are_heard_by_the_same_scope_alone) {
  redis_cache one(at(shared_redis().url()), "one", patient);
  redis_cache same(at(shared_redis().url()), "one", patient);
  redis_cache two(at(shared_redis().url()), "two", patient);
  EXPECT_EQ(same.heard()->changes, 1u);  // something may have been missed before
  EXPECT_EQ(two.heard()->changes, 1u);
  EXPECT_EQ(same.heard()->changes, 0u);
  ASSERT_TRUE(one.announce());
  EXPECT_TRUE(test::wait_until([&] { return same.heard()->changes == 1; }));
  EXPECT_EQ(two.heard()->changes, 0u);
}

TEST(redis, texts_are_heard_whole_and_in_order_by_the_same_scope_alone) {
  redis_cache one(at(shared_redis().url()), "one", patient);
  redis_cache same(at(shared_redis().url()), "one", patient);
  redis_cache two(at(shared_redis().url()), "two", patient);
  ASSERT_TRUE(one.heard());
  ASSERT_TRUE(same.heard());
  ASSERT_TRUE(two.heard());
  const std::vector<std::string> texts{"first", std::string("\0\r\n", 3), "", "last"};
  for (const std::string& text : texts) ASSERT_TRUE(one.tell(text));
  for (redis_cache* each : {&one, &same}) {
    std::vector<std::string> heard;
    ASSERT_TRUE(test::wait_until([&] {
      const auto news = each->heard().value();
      EXPECT_EQ(news.changes, 0u);
      heard.insert(heard.end(), news.texts.begin(), news.texts.end());
      return heard.size() >= texts.size();
    }));
    EXPECT_EQ(heard, texts);
  }
  EXPECT_TRUE(two.heard()->texts.empty());
}

TEST(redis, no_more_texts_are_taken_at_once_than_the_bound) {
  redis_cache one(at(shared_redis().url()), "one", patient);
  redis_cache same(at(shared_redis().url()), "one", patient);
  ASSERT_TRUE(same.heard());
  for (std::size_t i = 0; i <= redis_cache::most_texts; ++i) ASSERT_TRUE(one.tell("x"));
  ASSERT_TRUE(one.announce());  // comes behind them
  std::size_t texts = 0;
  std::size_t most = 0;
  ASSERT_TRUE(test::wait_until([&] {
    const auto news = same.heard().value();
    texts += news.texts.size();
    most = std::max(most, news.texts.size());
    return news.changes == 1;
  }));
  EXPECT_LE(most, redis_cache::most_texts);
  EXPECT_GE(texts, redis_cache::most_texts);
}

TEST(redis, user_password_and_database_are_used) {
  test::redis_server server(
      {"--requirepass", "secret", "--user", "me", "on", ">mine", "~*", "&*", "+@all"});
  const std::string where = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(redis_cache(at("redis://" + where), "s", patient).put("a", "b", 10s).error(),
            errc::refused);
  EXPECT_EQ(redis_cache(at("redis://:wrong@" + where), "s", patient).get("a").error(),
            errc::refused);
  redis_cache zero(at("redis://:secret@" + where), "s", patient);
  redis_cache one(at("redis://me:mine@" + where + "/1"), "s", patient);
  ASSERT_TRUE(zero.put("a", "zero", 10s));
  ASSERT_TRUE(one.put("a", "one", 10s));
  EXPECT_EQ(zero.get("a")->value(), "zero");
  EXPECT_EQ(one.get("a")->value(), "one");
  EXPECT_EQ(redis_cache(at("redis://:secret@" + where + "/99"), "s", patient).get("a").error(),
            errc::refused);
}

TEST(redis, tls_needs_a_certificate_that_is_trusted_and_names_the_host) {
  const test::temporary_folder folder;
  const std::string key = folder / "key.pem";
  const std::string certificate = folder / "certificate.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
      "-keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  test::redis_server server({"--tls-port", "--tls-cert-file", certificate, "--tls-key-file", key,
                             "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"});
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(redis_cache(at("rediss://localhost:" + port), "s", patient).get("a").error(),
            errc::untrusted);
  ::setenv("SSL_CERT_FILE", certificate.c_str(), 1);
  redis_cache trusted(at("rediss://localhost:" + port), "s", patient);
  EXPECT_TRUE(trusted.put("a", std::string(100'000, 'x'), 10s));
  EXPECT_EQ(trusted.get("a")->value().size(), 100'000u);
  EXPECT_EQ(trusted.heard()->changes, 1u);
  EXPECT_EQ(redis_cache(at("rediss://127.0.0.1:" + port), "s", patient).get("a").error(),
            errc::untrusted);
  EXPECT_FALSE(redis_cache(at("redis://localhost:" + port), "s", patient).get("a"));
  server.stop();
  EXPECT_FALSE(trusted.get("a"));
  ::unsetenv("SSL_CERT_FILE");
}

// --- faults

TEST(redis_faults, a_kept_connection_that_was_closed_is_made_anew) {
  test::redis_server server;
  redis_cache one(at(server.url()), "one", patient);
  ASSERT_TRUE(one.put("a", "b", 10s));
  auto other = redis_connection::open(at(server.url()), soon()).value();
  ASSERT_TRUE(other.ask({"CLIENT", "KILL", "TYPE", "normal"}, soon()));
  EXPECT_EQ(one.get("a")->value(), "b");
}

TEST(redis_faults, one_that_is_away_is_let_alone_and_used_again) {
  test::redis_server server;
  redis_cache one(at(server.url()), "one", patient);
  ASSERT_TRUE(one.heard());
  server.stop();
  EXPECT_EQ(one.get("a").error(), errc::unavailable);
  EXPECT_FALSE(one.heard());
  server.start();
  EXPECT_TRUE(test::wait_until([&] { return one.put("a", "b", 10s).has_value(); }));
  EXPECT_TRUE(test::wait_until([&] { return one.heard().has_value(); }));
}

TEST(redis_faults, one_that_hangs_is_waited_for_no_longer_than_the_deadline) {
  test::redis_server server;
  redis_cache one(at(server.url()), "one", 250ms);
  ASSERT_TRUE(test::wait_until([&] { return one.put("a", "b", 10s).has_value(); }));
  server.freeze();
  const steady_time began = steady_clock::now();
  EXPECT_EQ(one.get("a").error(), errc::unavailable);
  EXPECT_LT(steady_clock::now() - began, 2s);
  server.resume();
  EXPECT_TRUE(test::wait_until([&] { return one.get("a").has_value(); }));
}

// A server that answers whatever it is asked with `text`, and closes.
class lying_server {
 public:
  explicit lying_server(std::string text) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_, 8), 0);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this, text = std::move(text)] {
      for (int peer = 0; (peer = ::accept(listening_, nullptr, nullptr)) >= 0; ::close(peer)) {
        char asked[4096];
        (void)!::recv(peer, asked, sizeof asked, 0);
        for (std::size_t sent = 0; sent < text.size();) {
          const auto count = ::send(peer, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
          if (count <= 0) break;
          sent += static_cast<std::size_t>(count);
        }
      }
    });
  }
  ~lying_server() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  std::uint16_t port = 0;

 private:
  int listening_ = -1;
  std::thread thread_;
};

TEST(redis_faults, half_wrong_and_endless_answers_are_errors) {
  const std::string cases[] = {"",
                               "+PO",
                               "HTTP/1.1 400 Bad Request\r\n\r\n",
                               "$5\r\nab",
                               "*99999999999\r\n",
                               "$-5\r\n",
                               ":12a\r\n",
                               std::string("$9000000\r\n") + std::string(4 * 1024 * 1024, 'x')};
  ASSERT_GT(std::size(cases), 0u);
  for (const std::string& text : cases) {
    lying_server server(text);
    const auto opened = redis_connection::open(
        at("redis://127.0.0.1:" + std::to_string(server.port)), steady_clock::now() + 2s);
    EXPECT_FALSE(opened) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace frpx::cache
