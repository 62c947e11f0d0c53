#include "api/access.hpp"

#include "api/rest_fixture.hpp"

namespace frpx::api {
namespace {

class access : public rest {
 protected:
  access() {
    server.operators["root@example.com"] = {"root@example.com", store::role::admin, {}};
    server.operators["eye@example.com"] = {"eye@example.com", store::role::viewer, {}};
    server.operators["box@example.com"] = {"box@example.com", store::role::client, {}};
  }

  void use(access_rules rules) { answers = make_rest_api(server, std::move(rules)); }
  http::response log_in(const std::string& email, const std::string& password = "right") {
    return ask("POST", "/api/session", "Host: localhost\r\n",
               R"({"email":")" + email + R"(","password":")" + password + "\"}");
  }
  std::string token_of(const std::string& email) {
    const auto given = log_in(email);
    EXPECT_EQ(given.status, 200) << given.body;
    return std::string(json::parse(given.body).at("data").at("token").as_string());
  }
  http::response with(const std::string& token, std::string_view method, std::string_view target) {
    return ask(method, target, "Host: x\r\nAuthorization: Bearer " + token + "\r\n");
  }
  // The store is asked again, the next time.
  void let_time_pass(const std::string& token) {
    server.book.find(token, wall_clock::now())->confirmed -= login_book::believed;
  }
  static std::string header(const http::response& of, std::string_view name) {
    for (const auto& each : of.headers) {
      if (each.name == name) return each.value;
    }
    return {};
  }
};

TEST_F(access, on_loopback_nobody_has_to_log_in) {
  EXPECT_EQ(data("/api/session"), json::parse(R"({"role":"admin","email":null,"how":"loopback"})"));
  EXPECT_EQ(ask("GET", "/api/clients", "Host: rebound.example\r\n").status, 403);
  EXPECT_EQ(ask("POST", "/api/session", "Host: rebound.example\r\n").status, 403);
  EXPECT_EQ(with("nobody-gave-it", "GET", "/api/clients").status, 401);
}

TEST_F(access, elsewhere_everybody_has_to) {
  use({.on_loopback = false});
  EXPECT_EQ(ask("GET", "/api/clients").status, 401);
  EXPECT_EQ(ask("GET", "/metrics").status, 401);
  EXPECT_EQ(ask("GET", "/api/session").status, 401);
  const std::string token = token_of("root@example.com");
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 200);
  EXPECT_EQ(with(token + "x", "GET", "/api/clients").status, 401);
}

TEST_F(access, a_token_is_for_scripts) {
  use({.token = secret("s3cret")});
  EXPECT_EQ(ask("GET", "/api/session").status, 401);
  EXPECT_EQ(with("s3cre", "GET", "/api/session").status, 401);
  const auto given = with("s3cret", "GET", "/api/session");
  EXPECT_EQ(json::parse(given.body).at("data"),
            json::parse(R"({"role":"admin","email":null,"how":"api-token"})"));
  EXPECT_EQ(with("s3cret", "DELETE", "/api/session").status, 409);
  EXPECT_EQ(log_in("root@example.com").status, 200) << "people have passwords";
}

TEST_F(access, a_login_ends_when_its_user_says_so) {
  const std::string token = token_of("root@example.com");
  EXPECT_EQ(json::parse(with(token, "GET", "/api/session").body).at("data"),
            json::parse(R"({"role":"admin","email":"root@example.com","how":"login"})"));
  EXPECT_EQ(with(token, "DELETE", "/api/clients/client_A").status, 200);
  EXPECT_EQ(with(token, "DELETE", "/api/session").status, 200);
  EXPECT_EQ(with(token, "GET", "/api/session").status, 401);
}

TEST_F(access, who_may_not_log_in) {
  EXPECT_EQ(log_in("root@example.com", "wrong").status, 401);
  EXPECT_EQ(log_in("nobody@example.com").status, 401);
  EXPECT_EQ(log_in("box@example.com").status, 403);
  server.store_error = make_error_code(boost::system::errc::timed_out);
  EXPECT_EQ(log_in("root@example.com").status, 503);
  server.store_error = identity::errc::throttled;
  EXPECT_EQ(log_in("root@example.com").status, 429);
  EXPECT_EQ(server.book.size(), 0u);
  expect_refusal("POST", "/api/session", 400, R"({"email":7})");
}

TEST_F(access, a_viewer_looks_and_changes_nothing) {
  const std::string token = token_of("eye@example.com");
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 200);
  EXPECT_EQ(with(token, "HEAD", "/api/keys").status, 200);
  EXPECT_EQ(with(token, "GET", "/metrics").status, 200);
  for (const char* method : {"POST", "DELETE", "PATCH", "PUT"}) {
    EXPECT_EQ(with(token, method, "/api/clients/client_A").status, 403) << method;
  }
  EXPECT_TRUE(server.disconnected.empty());
  EXPECT_EQ(with(token, "DELETE", "/api/session").status, 200);
}

TEST_F(access, a_login_is_worth_what_its_user_is) {
  const std::string token = token_of("root@example.com");
  with(token, "GET", "/api/clients");
  EXPECT_EQ(server.operators_asked, 0) << "not for each request";
  let_time_pass(token);
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 200);
  EXPECT_EQ(server.operators_asked, 1);
  let_time_pass(token);
  server.store_error = make_error_code(boost::system::errc::timed_out);
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 200) << "while the store is away";
  server.store_error = {};
  server.operators["root@example.com"].mark[0] = std::byte(1);
  let_time_pass(token);
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 401) << "another password";

  const std::string other = token_of("eye@example.com");
  server.operators.erase("eye@example.com");
  let_time_pass(other);
  EXPECT_EQ(with(other, "GET", "/api/clients").status, 401) << "removed";
  EXPECT_EQ(server.book.size(), 0u);
}

// What he may do is asked each time; a moment of grace is a moment to make oneself admin again.
TEST_F(access, whoever_was_an_admin_a_moment_ago_changes_nothing) {
  const std::string token = token_of("root@example.com");
  EXPECT_EQ(with(token, "POST", "/api/clients/client_A/drain").status, 200);
  server.operators["root@example.com"].role = store::role::viewer;
  EXPECT_EQ(with(token, "DELETE", "/api/clients/client_A").status, 403);
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 200);
  server.operators["root@example.com"].role = store::role::admin;
  server.store_error = make_error_code(boost::system::errc::timed_out);
  EXPECT_EQ(with(token, "DELETE", "/api/clients/client_A").status, 503) << "nobody knows";
  server.store_error = {};
  server.operators.erase("root@example.com");
  EXPECT_EQ(with(token, "DELETE", "/api/clients/client_A").status, 401);
  EXPECT_TRUE(server.disconnected.empty());
}

TEST_F(access, who_was_removed_here_sees_nothing_from_then_on) {
  ASSERT_EQ(ask("POST", "/api/users", "Host: localhost\r\n",
                R"({"email":"eye@example.com","password":"long enough"})")
                .status,
            200);
  const std::string token = token_of("eye@example.com");
  server.operators.erase("eye@example.com");
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 200) << "believed for a while";
  EXPECT_EQ(ask("DELETE", "/api/users/eye@example.com").status, 200);
  EXPECT_EQ(with(token, "GET", "/api/clients").status, 401);
}

TEST_F(access, a_page_of_another_site_changes_nothing) {
  use({.cors_origin = "https://ops.example"});
  const std::string token = token_of("root@example.com");
  const auto drain = [&](const std::string& fields) {
    return ask("POST", "/api/clients/client_A/drain", "Host: localhost\r\n" + fields).status;
  };
  const std::string login = "Authorization: Bearer " + token + "\r\n";
  for (const char* site : {"cross-site", "same-site"}) {
    const std::string says = "Sec-Fetch-Site: " + std::string(site) + "\r\n";
    EXPECT_EQ(drain(says), 403);
    EXPECT_EQ(drain(says + login), 403);
    EXPECT_EQ(ask("POST", "/api/session", "Host: localhost\r\n" + says).status, 403);
    EXPECT_EQ(ask("GET", "/api/clients", "Host: localhost\r\n" + says).status, 403);
    EXPECT_EQ(ask("GET", "/api/events", "Host: localhost\r\n" + says).status, 403);
    EXPECT_EQ(drain(says + "Origin: https://ops.example\r\n"), 200) << "--api-cors";
  }
  EXPECT_EQ(drain("Sec-Fetch-Site: same-origin\r\n" + login), 200);
  EXPECT_EQ(drain("Sec-Fetch-Site: none\r\n"), 200);
}

TEST_F(access, a_listener_stays_no_longer_than_its_login) {
  using state = http::body_source::state;
  const auto listen = [&](const std::string& token) {
    auto given = with(token, "GET", "/api/events");
    EXPECT_EQ(given.status, 200);
    return std::move(given.source);
  };
  const auto look_again = [&] {
    loop_.await([](server_view* at) -> boost::asio::awaitable<bool> {
      co_await end_lost_logins(at);
      co_return true;
    }(&server));
  };
  const auto now = [](const std::unique_ptr<http::body_source>& of) {
    std::string text;
    return of->produce(text);
  };
  const std::string token = token_of("root@example.com");
  const auto one = listen(token);
  const auto other = listen(token_of("root@example.com"));
  const auto viewer = token_of("eye@example.com");
  const auto watching = listen(viewer);
  const auto trusted = ask("GET", "/api/events").source;
  EXPECT_EQ(now(one), state::blocked);
  listen(token).reset();  // who left before hears nothing
  EXPECT_EQ(with(token, "DELETE", "/api/session").status, 200);
  EXPECT_EQ(now(one), state::ended);
  EXPECT_EQ(now(other), state::blocked) << "another login";

  look_again();
  EXPECT_EQ(now(watching), state::blocked);
  EXPECT_EQ(server.operators_asked, 0) << "believed for a while";
  server.operators["eye@example.com"].mark[0] = std::byte(1);
  let_time_pass(viewer);
  look_again();
  EXPECT_EQ(now(watching), state::ended) << "another password";

  server.book.expire(wall_clock::now() + login_book::life);
  EXPECT_EQ(now(other), state::ended);
  EXPECT_EQ(now(trusted), state::blocked) << "nobody logged in";
}

TEST_F(access, pages_of_one_other_origin) {
  constexpr const char* friendly = "Host: localhost\r\nOrigin: https://ops.example\r\n";
  constexpr const char* preflight =
      "Host: localhost\r\nOrigin: https://ops.example\r\nAccess-Control-Request-Method: DELETE\r\n";
  EXPECT_EQ(ask("GET", "/api/clients", friendly).status, 403) << "off by default";
  EXPECT_EQ(header(ask("GET", "/api/clients"), "Vary"), "");
  EXPECT_EQ(ask("OPTIONS", "/api/clients", preflight).status, 403);

  use({.cors_origin = "https://ops.example"});
  const auto read = ask("GET", "/api/clients", friendly);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(header(read, "Access-Control-Allow-Origin"), "https://ops.example");
  EXPECT_EQ(header(read, "Vary"), "Origin");
  const auto may = ask("OPTIONS", "/api/clients/client_A", preflight);
  EXPECT_EQ(may.status, 204);
  EXPECT_NE(header(may, "Access-Control-Allow-Methods").find("DELETE"), std::string::npos);
  EXPECT_NE(header(may, "Access-Control-Allow-Headers").find("Authorization"), std::string::npos);
  EXPECT_TRUE(server.disconnected.empty());
  const auto foreign =
      ask("GET", "/api/clients", "Host: localhost\r\nOrigin: https://ops.example.evil\r\n");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(header(foreign, "Access-Control-Allow-Origin"), "");
}

TEST_F(access, changes_are_kept_with_who_made_them) {
  const std::string token = token_of("root@example.com");
  EXPECT_EQ(with(token, "POST", "/api/clients/client_A/drain").status, 200);
  data("/api/keys", "POST", R"({"name":"laptop"})");
  expect_refusal("POST", "/api/keys", 409, R"({"name":"laptop"})");
  const json::array all = data("/api/audit").as_array();
  ASSERT_EQ(all.size(), 4u);
  std::string told;
  for (const auto& each : all) {
    for (const char* name : {"who", "action", "what", "outcome"}) {
      told += std::string(each.at(name).as_string()) + ", ";
    }
    told += "\n";
  }
  EXPECT_EQ(told,
            "loopback, make key, laptop, there is a key `laptop` already, \n"
            "loopback, make key, laptop, done, \n"
            "root@example.com, drain client, client_A, done, \n"
            "root@example.com, log in, , done, \n");
  EXPECT_EQ(data("/api/audit?limit=1").as_array().size(), 1u);
  const auto third = all[2].at("id").as_int64();
  EXPECT_EQ(data("/api/audit?before=" + std::to_string(third)).as_array().size(), 1u);
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "before=-1", "before=%zz"}) {
    expect_refusal("GET", std::string("/api/audit?") + query, 400);
  }
  server.store_error = make_error_code(boost::system::errc::timed_out);
  expect_refusal("GET", "/api/audit", 503);
}

TEST(login_book, is_bounded_and_forgets) {
  login_book book;
  const wall_time now{1000s};
  const auto first = book.add({"a", store::role::admin, {}}, now, steady_time());
  EXPECT_EQ(first.expires, now + login_book::life);
  for (std::size_t i = 1; i < login_book::most; ++i) {
    book.add({"b", store::role::admin, {}}, now + 1s, steady_time());
  }
  EXPECT_NE(book.find(first.token.reveal(), now + login_book::life - 1us), nullptr);
  const auto last = book.add({"c", store::role::viewer, {}}, now + 2s, steady_time());
  EXPECT_EQ(book.size(), login_book::most);
  EXPECT_EQ(book.find(first.token.reveal(), now + 3s), nullptr) << "it gave way";
  EXPECT_EQ(book.find(last.token.reveal(), now + 3s)->who.email, "c");
  EXPECT_EQ(book.find(last.token.reveal(), last.expires), nullptr);
  book.add({"d", store::role::viewer, {}}, last.expires, steady_time());
  EXPECT_EQ(book.size(), 1u) << "the others have expired";
}

}  // namespace
}  // namespace frpx::api
