#include "client/model_fetch.hpp"

#include <boost/asio/co_spawn.hpp>

#include "net/task_group.hpp"
#include "tests/support/client_fixture.hpp"
#include "tests/support/open_descriptors.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;
using test::scripted_peer;
using kind = model_listing::kind;

class model_fetch : public testing::Test {
 protected:
  void ask(steady_clock::duration patience = 10s) {
    got_.reset();
    tasks_.spawn(fetch_into(&got_, patience));
  }
  boost::asio::awaitable<void> fetch_into(std::optional<model_listing>* into,
                                          steady_clock::duration patience) {
    *into = co_await fetch_models(loop_.worker(), service_, patience);
  }
  model_listing await_listing() {
    EXPECT_TRUE(run_until(loop_, [this] { return got_.has_value(); }));
    EXPECT_TRUE(run_until(loop_, [this] { return tasks_.size() == 0; }));
    return got_.value_or(model_listing{});
  }
  /// What comes of an answer, sent whole or byte by byte, the connection then ended.
  model_listing listing_for(const std::string& answer, bool dribbled = false) {
    ask();
    scripted_peer asked = port_.accept();
    const std::size_t step = dribbled ? 1 : answer.size();
    for (std::size_t at = 0; at < answer.size() && !got_; at += step) {
      asked.send_bytes(std::string_view(answer).substr(at, step));
      loop_.settle();
    }
    asked.finish();
    return await_listing();
  }

  test::event_loop loop_;
  net::blocking_pool blocking_{1, 8};
  net::resolver names_{blocking_};
  test::scripted_port port_{loop_};
  local_service service_{names_, "127.0.0.1", port_.port()};
  net::task_group tasks_{loop_->loop()};
  std::optional<model_listing> got_;
};

TEST_F(model_fetch, asks_as_http_wants_it_and_parts_in_order) {
  ask();
  scripted_peer asked = port_.accept();
  const std::string expected =
      "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_.port()) +
      "\r\nAccept: application/json\r\nUser-Agent: frpc/" FRPX_VERSION
      "\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(asked.read(expected.size()), expected);
  asked.send_bytes(test::http_answer("200 OK", test::three_models));
  EXPECT_EQ(asked.await_end(), scripted_peer::end::clean);
  const model_listing listing = await_listing();
  EXPECT_EQ(listing.how, kind::listed);
  ASSERT_EQ(listing.models.size(), 3u);
  EXPECT_EQ(listing.models[2].id, "c");
}

TEST_F(model_fetch, answers) {
  const std::string body(test::three_models);
  const std::string size = std::to_string(body.size());
  const struct {
    const char* what;
    std::string answer;
    kind how;
  } cases[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n" + body, kind::listed},
      {"until close", "HTTP/1.0 200 OK\r\n\r\n" + body, kind::listed},
      {"chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n6\r\n\"data\"\r\n4\r\n:[]}"
       "\r\n0\r\n\r\n",
       kind::listed},
      {"interim first",
       "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n" +
           body,
       kind::listed},
      {"plain encoding",
       "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: " + size + "\r\n\r\n" +
           body,
       kind::listed},
      {"no such listing", test::http_answer("404 Not Found", "?"), kind::absent},
      {"not that method", test::http_answer("405 Method Not Allowed", "?"), kind::absent},
      {"in trouble", test::http_answer("503 Service Unavailable", "?"), kind::unknown},
      {"moved", test::http_answer("302 Found", "?"), kind::unknown},
      {"compressed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
       kind::unknown},
      {"an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n", kind::unknown},
      {"interim for ever",
       [] {
         std::string all;
         for (int i = 0; i < 11; ++i) all += "HTTP/1.1 100 Continue\r\n\r\n";
         return all;
       }(),
       kind::unknown},
      {"nothing", "", kind::unknown},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Le", kind::unknown},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + body, kind::unknown},
      {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", kind::unknown},
      {"no JSON", test::http_answer("200 OK", "models: none"), kind::unknown},
      {"a head without end", "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x'), kind::unknown},
  };
  ASSERT_FALSE(std::empty(cases));
  for (const auto& each : cases) {
    for (const bool dribbled : {false, true}) {
      if (dribbled && each.answer.size() > 1000) continue;
      const model_listing listing = listing_for(each.answer, dribbled);
      EXPECT_EQ(listing.how, each.how) << each.what << ": " << listing.why;
      EXPECT_EQ(listing.why.empty(), each.how == kind::listed) << each.what;
    }
  }
}

TEST_F(model_fetch, a_listing_is_taken_up_to_its_limit_and_no_further) {
  for (const std::size_t beyond : {0u, 1u}) {
    std::string body = R"({"data":[]})";
    body.resize(host::largest_listing + beyond, ' ');
    EXPECT_EQ(listing_for("HTTP/1.0 200 OK\r\n\r\n" + body).how,
              beyond == 0 ? kind::listed : kind::unknown);
  }
}

TEST_F(model_fetch, a_service_that_does_not_listen_is_absent) {
  port_.close();
  ask();
  EXPECT_EQ(await_listing().how, kind::absent);
}

TEST_F(model_fetch, a_service_that_does_not_answer_is_given_up) {
  ask(50ms);
  scripted_peer asked = port_.accept();
  asked.send_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(await_listing().how, kind::unknown);
  EXPECT_NE(asked.await_end(), scripted_peer::end::none);
}

TEST_F(model_fetch, ends_when_cancelled) {
  const std::size_t before = test::open_descriptors();
  {
    ask();
    scripted_peer asked = port_.accept();
    loop_->post([this] { tasks_.cancel(); });
    EXPECT_TRUE(run_until(loop_, [this] { return tasks_.size() == 0; }));
    EXPECT_FALSE(got_);
    EXPECT_NE(asked.await_end(), scripted_peer::end::none);
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace frpx::client
