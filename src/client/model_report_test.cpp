// What the server is told of a service that has more models than fit.
#include "tests/support/client_fixture.hpp"

namespace frpx::client {
namespace {

using test::scripted_peer;

std::string listing_of(std::size_t count) {
  std::string body = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < count; ++i) {
    body += (i == 0 ? R"({"id":"m)" : R"(,{"id":"m)") + std::to_string(i) + R"("})";
  }
  return test::http_answer("200 OK", body + "]}");
}

class model_report : public test::client_test {
 protected:
  wire::heartbeat report_to_a_server_with(std::vector<std::string> caps) {
    start();
    scripted_peer control = control_.accept();
    EXPECT_TRUE(control.next());
    control.send(wire::login_result{true, {}, {}, std::move(caps)});
    control.expect<wire::register_client>();
    control.send(wire::register_result{true, {}});
    answer_models(listing_of(wire::most_models + 5));
    auto beat = await_heartbeat(control, [](const auto& each) { return !each.models.empty(); });
    EXPECT_EQ(beat.models.size(), wire::most_models);
    EXPECT_EQ(log_.count("list of models is incomplete: the local service has 4101"), 1u)
        << log_.text();
    return beat;
  }
};

TEST_F(model_report, says_how_many_models_are_left_out) {
  EXPECT_EQ(report_to_a_server_with({"choice/1"}).left_out, 5u);
}

TEST_F(model_report, has_the_public_form_for_a_public_server) {
  EXPECT_EQ(report_to_a_server_with({}).left_out, 0u);
}

}  // namespace
}  // namespace frpx::client
