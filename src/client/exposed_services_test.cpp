#include "client/exposed_services.hpp"

#include <gtest/gtest.h>

#include "net/blocking_pool.hpp"

namespace frpx::client {
namespace {

config::service_entry entry(const std::string& name, std::uint16_t local_port,
                            std::uint16_t outer_port) {
  config::service_entry made;
  made.name = name;
  made.local_port = local_port;
  made.outer_port = outer_port;
  return made;
}

class exposed_services_test : public testing::Test {
 protected:
  void begin() {
    services_.begin([this](wire::command order) {
      if (const auto* asked = std::get_if<wire::register_service>(&order)) {
        said_ += "+" + asked->name + " ";
      } else if (const auto* gone = std::get_if<wire::cancel_service>(&order)) {
        said_ += "-" + gone->name + " ";
      }
    });
  }
  std::string said() { return std::exchange(said_, {}); }
  void answer(const std::string& name, bool success, std::uint16_t port) {
    wire::register_service_result result{name, success, std::nullopt, port};
    if (!success) result.error = "no";
    EXPECT_TRUE(services_.take(result));
  }
  std::string state_of(const std::string& name) {
    for (const auto& each : services_.look()) {
      if (each.entry.name == name) return each.state;
    }
    return "unknown";
  }

  net::blocking_pool blocking_{1, 1};
  net::resolver names_{blocking_};
  exposed_services services_{names_, "127.0.0.1", 11434};
  std::string said_;
};

TEST_F(exposed_services_test, registers_all_in_every_session) {
  services_.set({entry("a", 1, 0), entry("b", 2, 9)});
  EXPECT_EQ(said(), "") << "nobody to say it to yet";
  begin();
  EXPECT_EQ(said(), "+a +b ");
  answer("a", true, 7);
  EXPECT_EQ(state_of("a"), "open");
  EXPECT_EQ(services_.look()[0].outer_port, 7);
  services_.end();
  EXPECT_EQ(state_of("a"), "waiting");
  begin();
  EXPECT_EQ(said(), "+a +b ");
}

TEST_F(exposed_services_test, a_change_touches_only_what_changed) {
  services_.set({entry("a", 1, 0), entry("b", 2, 0), entry("c", 3, 0)});
  begin();
  said();
  auto same = entry("a", 1, 0);
  same.where = "another line";
  services_.set({same, entry("b", 2, 5), entry("d", 4, 0)});
  EXPECT_EQ(said(), "-c -b +b +d ");
  EXPECT_EQ(services_.find("c"), nullptr);
  EXPECT_NE(services_.find("d"), nullptr);
}

TEST_F(exposed_services_test, a_reason_is_told_whole_and_on_one_line) {
  services_.set({entry("a", 1, 0)});
  begin();
  const std::string reason(wire::longest_field - 2, 'r');
  EXPECT_TRUE(services_.take(wire::register_service_result{"a", false, reason + "\n", 0}));
  EXPECT_EQ(services_.look()[0].reason, reason + "\\n");
  EXPECT_TRUE(services_.take(wire::service_ended{"a", reason}));
  EXPECT_EQ(services_.look()[0].reason, reason);
}

TEST_F(exposed_services_test, what_is_refused_is_asked_for_again_and_what_has_ended_is_not) {
  services_.set({entry("a", 1, 0), entry("b", 2, 0)});
  begin();
  answer("a", false, 0);
  answer("b", true, 5);
  EXPECT_TRUE(services_.take(wire::service_ended{"b", "its time is over"}));
  said();
  services_.ask_again();
  EXPECT_EQ(said(), "+a ");
  services_.end();
  begin();
  EXPECT_EQ(said(), "+a ");
  EXPECT_EQ(state_of("b"), "ended");
  services_.set({entry("a", 1, 0), entry("b", 2, 7)});
  EXPECT_EQ(said(), "-b +b ") << "its entry has changed";
}

TEST_F(exposed_services_test, an_http_service_without_an_outer_port_is_the_unnamed_one) {
  auto web = entry("web", 8080, 0);
  web.kind = service_kind::http;
  services_.set({web});
  EXPECT_EQ(services_.find("default"), services_.find("web"));
  EXPECT_EQ(services_.unnamed().port(), 8080);
  web.local_port = 8081;
  services_.set({web});
  EXPECT_EQ(services_.unnamed().port(), 8081);
  EXPECT_EQ(services_.unnamed().known()->front().port(), 8081);
  EXPECT_FALSE(services_.take(wire::heartbeat_ack{}));
}

}  // namespace
}  // namespace frpx::client
