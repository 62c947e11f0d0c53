#include "api/lists.hpp"

#include "api/rest_fixture.hpp"

namespace frpx::api {
namespace {

class lists : public rest {
 protected:
  // The ids of the clients that such a query gives, and the total.
  std::string ids(const std::string& query) {
    const http::response answer = ask("GET", "/api/clients?" + query);
    EXPECT_EQ(answer.status, 200) << query << answer.body;
    std::string told;
    const json::value envelope = json::parse(answer.body);
    for (const auto& each : envelope.at("data").as_array()) {
      told += std::string(each.at("client_id").as_string().subview(7)) + " ";
    }
    for (const auto& each : answer.headers) {
      if (each.name == "X-Total-Count") told += "of " + each.value;
    }
    return told;
  }
};

TEST_F(lists, are_whole_without_parameters) {
  EXPECT_EQ(ids(""), "A B C ");
}

TEST_F(lists, come_in_pages) {
  EXPECT_EQ(ids("limit=2"), "A B of 3");
  EXPECT_EQ(ids("limit=2&offset=2"), "C of 3");
  EXPECT_EQ(ids("offset=1"), "B C of 3");
  EXPECT_EQ(ids("limit=0"), "of 3");
  EXPECT_EQ(ids("offset=3"), "of 3");
  for (const char* bad : {"limit=x", "offset=-1", "limit=", "limit=%zz",
                          "limit=99999999999999999999", "a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1"}) {
    expect_refusal("GET", std::string("/api/clients?") + bad, 400);
  }
}

TEST_F(lists, are_searched) {
  EXPECT_EQ(ids("client_id=client_B"), "B of 1");
  EXPECT_EQ(ids("models=llama3"), "A of 1");
  EXPECT_EQ(ids("draining=false&limit=1"), "A of 3");
  EXPECT_EQ(ids("inflight=4"), "of 0");
  EXPECT_EQ(ids("q=LLaMA"), "A of 1");
  EXPECT_EQ(ids("q=a%40example.com&client_id=client_C"), "C of 1");
  EXPECT_EQ(ids("q=nowhere"), "of 0");
  expect_refusal("GET", "/api/clients?clientid=client_A", 400);
}

TEST_F(lists, keep_their_elements_as_they_were_written) {
  server.clients[0].system->cpu_usage = 100;
  server.clients[0].system->computer_name = "a ]}\"\\,[{ b";
  const std::string whole = ask("GET", "/api/clients").body;
  const std::string all = ask("GET", "/api/clients?offset=0").body;
  const auto data_of = [](const std::string& body) {
    return body.substr(0, body.find("\"message\""));
  };
  EXPECT_EQ(data_of(all), data_of(whole));
  EXPECT_EQ(ids("q=%5D%7D"), "A of 1");
}

TEST_F(lists, of_texts_too) {
  EXPECT_EQ(json::parse(ask("GET", "/api/users?q=B%40").body).at("data"),
            json::parse(R"(["b@example.com"])"));
  EXPECT_EQ(data("/api/usage?by=model&from=1h&limit=0"), json::array());
  EXPECT_EQ(data("/api/keys?status=active"), json::array()) << "an empty list has every member";
}

}  // namespace
}  // namespace frpx::api
