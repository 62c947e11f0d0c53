// Answers whose body comes in pieces.
#include <gtest/gtest.h>

#include "http/service.hpp"
#include "http/service_fixture.hpp"

namespace frpx::http {
namespace {

using namespace std::chrono_literals;

// Gives its pieces one by one, blocked in between until the test says so.
class pieces final : public body_source {
 public:
  struct control {
    std::vector<std::string> next;
    bool ended = false;
    bool failed = false;
    pieces* alive = nullptr;
  };
  explicit pieces(control& by) : by_(by) { by_.alive = this; }
  ~pieces() override { by_.alive = nullptr; }

  state produce(std::string& into) override {
    for (const std::string& piece : by_.next) into += piece;
    by_.next.clear();
    if (by_.failed) return state::failed;
    return by_.ended ? state::ended : state::blocked;
  }
  void wake() { ready(); }

 private:
  control& by_;
};

struct piecewise {
  pieces::control control;
  test_service running;

  piecewise() : running(handler_of(control)) {}

  static handler handler_of(pieces::control& control) {
    return [&control](request) {
      response answer;
      answer.source = std::make_unique<pieces>(control);
      return ready(std::move(answer));
    };
  }
  void give(std::string piece, bool last = false) {
    EXPECT_TRUE(running.eventually([this] { return control.alive != nullptr; }));
    running.call([&] {
      control.next.push_back(std::move(piece));
      control.ended = last;
      control.alive->wake();
      return 0;
    });
  }
  bool source_goes() {
    return running.eventually([this] { return control.alive == nullptr; });
  }
};

TEST(service_pieces, arrive_as_they_come) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send(get("/"));
  EXPECT_TRUE(has(visitor.read_through("\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
  test.give("hello");
  EXPECT_EQ(visitor.read_through("hello\r\n"), "5\r\nhello\r\n");
  test.give(std::string(26, 'x'));
  EXPECT_EQ(visitor.read_through("x\r\n"), "1a\r\n" + std::string(26, 'x') + "\r\n");
  test.give("", true);
  EXPECT_EQ(visitor.read_through("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_TRUE(test.source_goes());
  test.running.call([&] { return test.control.ended = true, test.control.next = {"2nd"}, 0; });
  visitor.send(get("/again"));
  EXPECT_TRUE(has(visitor.read_through("0\r\n\r\n"), "\r\n\r\n3\r\n2nd\r\n"));
}

TEST(service_pieces, end_with_the_connection_for_http_1_0) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  test.give("one");
  test.give("two", true);
  const std::string answer = visitor.read_to_end();
  EXPECT_EQ(body_of(answer), "onetwo");
  EXPECT_FALSE(has(answer, "Transfer-Encoding"));
  EXPECT_TRUE(has(answer, "Connection: close\r\n"));
  EXPECT_FALSE(visitor.was_reset());
}

TEST(service_pieces, head_starts_no_source) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(has(visitor.read_through("\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(test.source_goes());
}

TEST(service_pieces, one_that_fails_does_not_look_complete) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send("GET / HTTP/1.0\r\n\r\n");
  test.running.eventually([&] { return test.control.alive != nullptr; });
  test.running.call([&] {
    test.control.failed = true;
    test.control.alive->wake();
    return 0;
  });
  visitor.read_to_end();
  EXPECT_TRUE(visitor.was_reset());
}

TEST(service_pieces, the_source_goes_with_its_visitor) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send(get("/"));
  visitor.read_through("\r\n\r\n");
  visitor.close();
  EXPECT_TRUE(test.source_goes());
}

TEST(service_pieces, the_source_goes_at_once_when_its_visitor_is_reset) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send(get("/"));
  visitor.read_through("\r\n\r\n");
  visitor.reset();
  EXPECT_TRUE(test.source_goes());
}

TEST(service_pieces, a_source_has_the_last_word_when_the_service_stops) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send(get("/"));
  visitor.read_through("\r\n\r\n");
  EXPECT_TRUE(test.running.eventually([&] { return test.control.alive != nullptr; }));
  test.running.call([&] {
    test.control.next = {"bye"};
    test.control.ended = true;
    return 0;
  });
  test.running.drain();
  EXPECT_EQ(visitor.read_to_end(), "3\r\nbye\r\n0\r\n\r\n");
  EXPECT_FALSE(visitor.was_reset());
}

TEST(service_pieces, a_source_that_waits_does_not_hold_up_the_end) {
  piecewise test;
  test_visitor visitor(test.running.port());
  visitor.send(get("/"));
  visitor.read_through("\r\n\r\n");
  test.running.drain();
  EXPECT_TRUE(test.source_goes());
  EXPECT_EQ(visitor.read_to_end(), "");
  EXPECT_TRUE(visitor.was_reset());
}

TEST(service_pieces, a_slow_visitor_slows_the_source) {
  struct endless final : body_source {
    explicit endless(std::size_t& made) : made_(made) {}
    state produce(std::string& into) override {
      into.append(piece_size, 'e');
      made_ += piece_size;
      return state::more;
    }
    std::size_t& made_;
  };
  std::size_t made = 0;
  service_options options;
  options.write_stall = 50ms;
  test_service running(
      [&made](request) {
        response answer;
        answer.source = std::make_unique<endless>(made);
        return ready(std::move(answer));
      },
      options);
  test_visitor visitor(running.port(), 4096);
  visitor.send(get("/"));
  visitor.read_through("\r\n\r\n");
  EXPECT_TRUE(running.comes_to(0));
  EXPECT_LT(running.call([&] { return made; }), 32u * 1024 * 1024);
}

}  // namespace
}  // namespace frpx::http
