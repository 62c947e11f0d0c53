#include "keeper/plugin_request.hpp"

#include <gtest/gtest.h>

namespace frpx::keeper {
namespace {

TEST(plugin_request, finds_op_and_content) {
  const struct {
    const char* body;
    const char* op;
    const char* content;
  } cases[] = {
      {R"({"version":"0.1.0","op":"NewProxy","content":{"a":1}})", "NewProxy", R"({"a":1})"},
      {R"({"content": [ 1 ] ,"op":"Ping"})", "Ping", "[ 1 ]"},
      {R"({"content":{}})", "", "{}"},
      {R"({"op":"L"})", "L", ""},
      {R"({"op":null,"content":null})", "", "null"},
      {"{}", "", ""},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    const auto read = read_plugin_request(each.body);
    ASSERT_TRUE(read) << each.body;
    EXPECT_EQ(read->op, each.op) << each.body;
    EXPECT_EQ(read->content, each.content) << each.body;
  }
  for (const char* body : {"", "[]", "1", "{", R"({"op":1})", R"({"op":"a","op":"a"})",
                           R"({"content":1,"content":1})", R"({"content":{}} x)"}) {
    EXPECT_FALSE(read_plugin_request(body)) << body;
  }
}

constexpr std::string_view whole =
    R"({"user":{"user":"u","metas":null,"run_id":"r"},"proxy_name":"u.p","proxy_type":"udp"})";

TEST(new_proxy, is_read) {
  const auto read = read_new_proxy(whole, false);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->asked.proxy, "u.p");
  EXPECT_EQ(read->asked.user, "u");
  EXPECT_EQ(read->asked.run_id, "r");
  EXPECT_EQ(read->asked.over, ports::transport::udp);
  EXPECT_EQ(read->asked.port, 0u);
  EXPECT_TRUE(read->has_port);
}

TEST(new_proxy, what_is_missing_or_no_text_is_refused) {
  const char* cases[] = {
      "null",
      "[]",
      "1",
      "\"u\"",
      "{}",
      R"({"proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":"u","proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":null,"proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":{},"proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":{"user":""},"proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":{"user":1},"proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":"","proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":7,"proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":null,"proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":"a\u0000b","proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":"\ud800","proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":"u.p"})",
      R"({"user":{"user":"u"},"proxy_name":"u.p","proxy_type":""})",
      R"({"user":{"user":"u"},"proxy_name":"u.p","proxy_type":6})",
      R"({"user":{"user":"u"},"proxy_name":"u.p","proxy_type":"tcp","group":1})",
      R"({"user":{"user":"u"},"proxy_name":"u.p","proxy_name":"u.p","proxy_type":"tcp"})",
      R"({"user":{"user":"u"},"proxy_name":"p","proxy_type":"tcp","remote_port":1,"remote_port":2})",
      R"({"user":{"user":"u","user":"u"},"proxy_name":"u.p","proxy_type":"tcp"})",
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const char* content : cases) EXPECT_FALSE(read_new_proxy(content, false)) << content;
  const std::string long_name = R"({"user":{"user":"u"},"proxy_type":"tcp","proxy_name":")";
  EXPECT_TRUE(read_new_proxy(long_name + std::string(256, 'x') + "\"}", false));
  EXPECT_FALSE(read_new_proxy(long_name + std::string(257, 'x') + "\"}", false));
}

TEST(new_proxy, a_missing_user_is_told_apart_and_may_be_allowed) {
  const std::pair<const char*, bool> cases[] = {
      {R"({"user":{"user":""},"proxy_name":"p","proxy_type":"tcp"})", true},
      {R"({"user":{},"proxy_name":"p","proxy_type":"tcp"})", true},
      {R"({"proxy_name":"p","proxy_type":"tcp"})", true},
      {R"({"user":{"user":7},"proxy_name":"p","proxy_type":"tcp"})", false},
      {R"({"user":{"user":""},"proxy_type":"tcp"})", false},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& [content, only_user] : cases) {
    bool lacks_user = false;
    EXPECT_FALSE(read_new_proxy(content, false, &lacks_user));
    EXPECT_EQ(lacks_user, only_user) << content;
    EXPECT_EQ(read_new_proxy(content, true).has_value(), only_user) << content;
  }
}

TEST(new_proxy, kinds_without_a_port_are_known) {
  for (const char* kind : {"http", "https", "stcp", "sudp", "xtcp", "tcpmux", "later"}) {
    const auto read = read_new_proxy(
        R"({"user":{"user":"u"},"proxy_name":"u.p","proxy_type":")" + std::string(kind) + "\"}",
        false);
    ASSERT_TRUE(read) << kind;
    EXPECT_FALSE(read->has_port) << kind;
  }
}

TEST(new_proxy, wishes_are_read) {
  const std::pair<const char*, std::uint32_t> cases[] = {
      {"0", 0},          {"1", 1},
      {"65535", 65535},  {"65536", 65536},
      {"-1", 65536},     {"1e3", 65536},
      {"80.0", 65536},   {"null", 0},
      {"\"80\"", 65536}, {"123456789012345678901234567890", 65536}};
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& [raw, port] : cases) {
    const std::string content = R"({"user":{"user":"u"},"proxy_name":"p","proxy_type":"tcp",)"
                                R"("remote_port":)" +
                                std::string(raw) + "}";
    const auto read = read_new_proxy(content, false);
    ASSERT_TRUE(read) << raw;
    EXPECT_EQ(read->asked.port, port) << raw;
  }
}

TEST(splice, changes_the_port_and_nothing_else) {
  const struct {
    const char* before;  // in front of the value, or of where it goes
    const char* value;   // "": there is none
    const char* behind;
  } cases[] = {
      {R"({"user":{"user":"u"},"proxy_name":"p","proxy_type":"tcp","remote_port":)", "7", "}"},
      {R"({"user":{"user":"u"},"remote_port" : )", "0",
       R"( ,"proxy_name":"p","proxy_type":"tcp"})"},
      {R"({"user":{"user":"u"},"remote_port":)", "123456789012345678901234567890",
       R"(,"proxy_name":"p","proxy_type":"tcp"})"},
      {R"({"user":{"user":"u"},"remote_port":)", "null",
       R"(,"proxy_name":"p","proxy_type":"tcp"})"},
      {R"({"user":{"user":"u"},"remote_p\u006frt":)", "1",
       R"(,"proxy_name":"p","proxy_type":"tcp"})"},
      {R"({"user":{"user":"u","remote_port":5},"proxy_name":"p","proxy_type":"tcp")", "", "\n\t}"},
      {R"({ "big":12345678901234567890, "inf":1e400, "f":100.0, "e":"\u00e9\/",)"
       R"("user":{"user":"u","metas":{"a":"b"}},"proxy_type":"udp","proxy_name":"p")",
       "", "}"},
      {R"({"user":{"user":"u"},"proxy_name":"p","proxy_type":"tcp","dup":1,"dup":{"x":[]})", "",
       " }"},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    const std::string content = std::string(each.before) + each.value + each.behind;
    const auto read = read_new_proxy(content, false);
    ASSERT_TRUE(read) << content;
    const std::string name = *each.value == '\0' ? R"(,"remote_port":)" : "";
    EXPECT_EQ(with_remote_port(*read, 60001), each.before + name + "60001" + each.behind);
    EXPECT_EQ(with_remote_port(*read, 1), each.before + name + "1" + each.behind);
  }
}

TEST(sign_of_life, is_read_from_what_frp_sends) {
  const struct {
    const char* content;
    const char* run_id;
    const char* proxy;
  } cases[] = {
      {R"({"user":{"user":"u","metas":null,"run_id":"r1"},"proxy_name":"u.p"})", "r1", "u.p"},
      {R"({"user":{"user":"u","metas":null,"run_id":"r1"},"timestamp":1})", "r1", ""},
      {R"({"user":"u","proxy_name":"p"})", "", "p"},
      {R"({"user":{"run_id":5},"proxy_name":5})", "", ""},
      {"", "", ""},
      {"null", "", ""},
      {"{", "", ""},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    const auto read = read_sign_of_life(each.content);
    EXPECT_EQ(read.run_id, each.run_id) << each.content;
    EXPECT_EQ(read.proxy, each.proxy) << each.content;
  }
}

}  // namespace
}  // namespace frpx::keeper
