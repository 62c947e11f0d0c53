#include "gateway/head_fields.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::gateway {
namespace {

class head_fields_of : public testing::Test {
 protected:
  std::string id_for(const std::string& given, bool trusted) {
    bytes_ = "GET / HTTP/1.1\r\nHost: h\r\n" + given + "\r\n";
    EXPECT_FALSE(http::parse_request(bytes_, {}, head_)) << given;
    fields_.start(head_, trusted, random_);
    return std::string(fields_.request_id());
  }
  static bool is_made(const std::string& id) {
    return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == id.npos;
  }

  quick_random random_{1};
  std::string bytes_;
  http::request_head head_;
  head_fields fields_;
};

TEST_F(head_fields_of, an_id_is_taken_from_whom_is_trusted_if_it_is_a_name) {
  EXPECT_EQ(id_for("X-Request-Id: from-the-proxy:1\r\n", true), "from-the-proxy:1");
  EXPECT_EQ(id_for("x-request-id: " + std::string(128, 'a') + "\r\n", true), std::string(128, 'a'));
  EXPECT_TRUE(is_made(id_for("X-Request-Id: " + std::string(129, 'a') + "\r\n", true)));
  EXPECT_TRUE(is_made(id_for("X-Request-Id: two words\r\n", true)));
  EXPECT_TRUE(is_made(id_for("X-Request-Id:\r\n", true)));
  EXPECT_TRUE(is_made(id_for("X-Request-Id: from-a-stranger\r\n", false)));
  EXPECT_NE(id_for("", true), id_for("", true)) << "each request has its own";
}

TEST_F(head_fields_of, a_client_is_named_in_answers_only_and_for_one_request_only) {
  EXPECT_EQ(fields_.of_answer().size(), 0U) << "before any request";
  id_for("", false);
  EXPECT_EQ(fields_.of_answer().size(), 1U);
  fields_.name_client("a");
  fields_.name_client("b");
  ASSERT_EQ(fields_.of_answer().size(), 2U);
  EXPECT_EQ(fields_.of_answer()[1].value, "b");
  EXPECT_EQ(fields_.of_request().size(), 1U);
  id_for("", false);
  EXPECT_EQ(fields_.of_answer().size(), 1U);
  fields_.clear();
  EXPECT_EQ(fields_.of_request().size(), 0U);
  EXPECT_EQ(fields_.request_id(), "");
}

}  // namespace
}  // namespace frpx::gateway
