#include "wire/frpx_command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "wire/errc.hpp"
#include "wire/frame.hpp"

namespace frpx::wire {
namespace {

const uuid some_id = *uuid::parse("0f8fad5b-d9cb-469f-a165-70867728950e");
const uuid other_id = *uuid::parse("7c9e6679-7425-40de-944b-e07fc1f90ae7");

std::string json_of(const command& c) {
  const std::string frame = encode(c);
  EXPECT_EQ(load_big<std::uint32_t>(as_bytes(frame).data()), frame.size() - frame_header_size);
  return frame.substr(frame_header_size);
}

struct written_case {
  command c;
  std::string json;
};

std::vector<written_case> written_cases() {
  return {
      {login{"a@b.c", secret("p\"w"), {}, ""}, R"({"Login":{"email":"a@b.c","pass":"p\"w"}})"},
      {login{"a@b.c", secret("pw"), {"link/1"}, "i"},
       R"({"Login":{"email":"a@b.c","pass":"pw","caps":["link/1"],"instance":"i"}})"},
      {login_by_token{secret("t"), {}, ""}, R"({"LoginByToken":{"token":"t"}})"},
      {login_by_token{secret("t"), {"link/1"}, "i"},
       R"({"LoginByToken":{"token":"t","caps":["link/1"],"instance":"i"}})"},
      {login_result{true, std::nullopt, secret("t"), {}},
       R"({"LoginResult":{"success":true,"error":null,"token":"t"}})"},
      {login_result{false, "Invalid token", std::nullopt, {}},
       R"({"LoginResult":{"success":false,"error":"Invalid token","token":null}})"},
      {login_result{true, std::nullopt, std::nullopt, {"link/1"}},
       R"({"LoginResult":{"success":true,"error":null,"token":null,"caps":["link/1"]}})"},
      {register_client{"client_A"}, R"({"Register":{"client_id":"client_A"}})"},
      {register_client{"client_A", true, 3, 8},
       R"({"Register":{"client_id":"client_A","weight":3,"max_inflight":8}})"},
      {register_result{true, std::nullopt}, R"({"RegisterResult":{"success":true,"error":null}})"},
      {request_new_proxy_conn{"some id"}, R"({"RequestNewProxyConn":{"proxy_conn_id":"some id"}})"},
      {new_proxy_conn{"some id"}, R"({"NewProxyConn":{"proxy_conn_id":"some id"}})"},
      {heartbeat{}, R"({"Heartbeat":{"models":null}})"},
      {heartbeat{{{"qwen2.5:7b", "model", 1700000000, "library"}}},
       R"({"Heartbeat":{"models":[{"id":"qwen2.5:7b","object":"model","created":1700000000,)"
       R"("owned_by":"library"}]}})"},
      {heartbeat{{{"q", "model", 1, "library", 4661224676, "365c0bd3c000", "gguf", "llama", "7B",
                   "Q4_K_M"}},
                 {"q"},
                 false,
                 "[::1]:80"},
       R"({"Heartbeat":{"models":[{"id":"q","object":"model","created":1,"owned_by":"library",)"
       R"("size":4661224676,"digest":"365c0bd3c000","format":"gguf","family":"llama",)"
       R"("parameter_size":"7B","quantization_level":"Q4_K_M"}],"loaded":["q"],"healthy":false,)"
       R"("host":"[::1]:80"}})"},
      {system_info{12.5F, 0.0F, 99.0F, "box"},
       R"({"SystemInfo":{"cpu_usage":1.25E1,"memory_usage":0E0,"disk_usage":9.9E1,)"
       R"("computer_name":"box"}})"},
      {open_links{{some_id, other_id}},
       R"({"OpenLinks":{"ids":["0f8fad5b-d9cb-469f-a165-70867728950e",)"
       R"("7c9e6679-7425-40de-944b-e07fc1f90ae7"]}})"},
      {new_link{some_id, 1024, 32768},
       R"({"NewLink":{"link_id":"0f8fad5b-d9cb-469f-a165-70867728950e","streams":1024,)"
       R"("early":32768}})"},
      {new_link{some_id, 1024, 32768, 10000},
       R"({"NewLink":{"link_id":"0f8fad5b-d9cb-469f-a165-70867728950e","streams":1024,)"
       R"("early":32768,"associations":10000}})"},
      {link_failed{some_id, "no route"},
       R"({"LinkFailed":{"link_id":"0f8fad5b-d9cb-469f-a165-70867728950e","error":"no route"}})"},
      {register_client{"client_A", false},
       R"({"Register":{"client_id":"client_A","serves_http":false}})"},
      {register_service{.name = "ssh"},
       R"({"RegisterService":{"name":"ssh","kind":"tcp","outer_port":0}})"},
      {register_service{.name = "game",
                        .kind = service_kind::udp,
                        .outer_port = 65535,
                        .max_serve_time = 1,
                        .max_serve_conn = 2,
                        .max_serve_count = 3,
                        .weight = 4,
                        .group = "g",
                        .metadata = {{"owner", "ops"}},
                        .allow = {"10.0.0.0/8"},
                        .deny = {"::1"},
                        .bandwidth = 1'000'000'000'000,
                        .proxy = proxy_header::v2,
                        .message = "m",
                        .inner_address = "a:1"},
       R"({"RegisterService":{"name":"game","kind":"udp","outer_port":65535,"max_serve_time":1,)"
       R"("max_serve_conn":2,"max_serve_count":3,"weight":4,"group":"g",)"
       R"("metadata":[{"name":"owner","value":"ops"}],"allow":["10.0.0.0/8"],"deny":["::1"],)"
       R"("bandwidth":1000000000000,"proxy_protocol":"v2","message":"m","inner_address":"a:1"}})"},
      {register_service_result{"ssh", true, std::nullopt, 9931},
       R"({"RegisterServiceResult":{"name":"ssh","success":true,"error":null,"outer_port":9931}})"},
      {cancel_service{"ssh"}, R"({"CancelService":{"name":"ssh"}})"},
      {cancel_service_result{"ssh", false},
       R"({"CancelServiceResult":{"name":"ssh","success":false}})"},
      {service_ended{"ssh", "why"}, R"({"ServiceEnded":{"name":"ssh","reason":"why"}})"},
      {ask_free_ports{service_kind::udp}, R"({"AskFreePorts":{"kind":"udp"}})"},
      {free_ports{{{1, 2}, {4, 4}}},
       R"({"FreePorts":{"ranges":[{"first":1,"last":2},{"first":4,"last":4}]}})"},
      {ask_services{""}, R"({"AskServices":{"prefix":""}})"},
      {services{{{"ssh", service_kind::tcp, 9931, "", 1, 2, 3, 4, 5, 6}}},
       R"({"Services":{"services":[{"name":"ssh","kind":"tcp","port":9931,"birth":1,"deadline":2,)"
       R"("online":3,"capacity":4,"already_serve":5,"total_serve":6}]}})"},
      {request_service_conn{"id", "ssh", service_kind::http, "192.0.2.1:5"},
       R"({"RequestServiceConn":{"proxy_conn_id":"id","service":"ssh","kind":"http",)"
       R"("visitor":"192.0.2.1:5"}})"},
      {drain{}, R"({"Drain":{}})"},
      {heartbeat_ack{}, R"({"HeartbeatAck":{}})"},
  };
}

TEST(command, is_written_in_the_public_form_and_read_again) {
  std::vector<bool> seen(std::variant_size_v<command>);
  for (const written_case& row : written_cases()) {
    EXPECT_EQ(json_of(row.c), row.json);
    const auto read = parse_command(row.json);
    ASSERT_TRUE(read) << row.json << ": " << read.error().message();
    EXPECT_TRUE(*read == row.c) << row.json;
    seen[row.c.index()] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), std::ptrdiff_t(seen.size()));
}

struct tolerated_case {
  std::string json;
  command c;
};

TEST(command, what_peers_may_leave_out_or_add) {
  const std::vector<tolerated_case> cases = {
      {R"({"Login":{"email":"e","pass":"p","future":{"x":[1,2]},"caps":null,"instance":null}})",
       login{"e", secret("p"), {}, ""}},
      {R"({"LoginResult":{"success":true}})", login_result{true, {}, {}, {}}},
      {R"({"RegisterResult":{"success":false}})", register_result{false, {}}},
      {R"({"Heartbeat":{}})", heartbeat{}},
      {R"({"Heartbeat":{"models":[]}})", heartbeat{}},
      {R"({"Heartbeat":{"models":[{"id":"m"}]}})", heartbeat{{{"m", "model", 0, "library"}}}},
      {R"({"Heartbeat":{"models":[{"id":"m","created":18446744073709551615}]}})",
       heartbeat{{{"m", "model", std::numeric_limits<std::uint64_t>::max(), "library"}}}},
      {R"({"SystemInfo":{"cpu_usage":null,"memory_usage":7,"disk_usage":0.5,"computer_name":"é"}})",
       system_info{0, 7, 0.5F, "é"}},
      {R"({"SystemInfo":{}})", system_info{}},
      {R"( { "Register" : { "client_id" : "\u0061" } } )", register_client{"a"}},
      {R"({"Drain":{"later":"more"}})", drain{}},
  };
  for (const tolerated_case& row : cases) {
    const auto read = parse_command(row.json);
    ASSERT_TRUE(read) << row.json << ": " << read.error().message();
    EXPECT_TRUE(*read == row.c) << row.json;
  }
}

struct refused_case {
  std::string json;
  errc error;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(command, refusals) {
  const std::string id_257(longest_field + 1, 'x');
  const std::vector<refused_case> cases = {
      {"", errc::not_json},
      {"{", errc::not_json},
      {"{} {}", errc::not_json},
      {"\xff", errc::not_json},
      {R"({"Register":{"client_id":")"
       "\xc3\x28"
       R"("}})",
       errc::not_json},
      {repeated("[", 40) + repeated("]", 40), errc::not_json},
      {R"({"Drain":{"deep":)" + repeated("[", 31) + repeated("]", 31) + "}}", errc::not_json},
      {"{}", errc::not_a_command},
      {"[]", errc::not_a_command},
      {"1", errc::not_a_command},
      {R"("Drain")", errc::not_a_command},
      {R"({"Drain":{},"HeartbeatAck":{}})", errc::not_a_command},
      {R"({"Drain":null})", errc::not_a_command},
      {R"({"Register":"x"})", errc::not_a_command},
      {R"({"register":{"client_id":"x"}})", errc::unknown_command},
      {R"({"Future":{}})", errc::unknown_command},
      {R"({"Future":1})", errc::unknown_command},
      {R"({"Login":{"email":"e"}})", errc::missing_field},
      {R"({"Login":{"email":null,"pass":"p"}})", errc::missing_field},
      {R"({"Register":{}})", errc::missing_field},
      {R"({"LoginResult":{"error":"x"}})", errc::missing_field},
      {R"({"Heartbeat":{"models":[{"object":"model"}]}})", errc::missing_field},
      {R"({"NewLink":{"link_id":"0f8fad5b-d9cb-469f-a165-70867728950e","streams":1}})",
       errc::missing_field},
      {R"({"Register":{"client_id":1}})", errc::wrong_type},
      {R"({"LoginResult":{"success":"true"}})", errc::wrong_type},
      {R"({"Heartbeat":{"models":{}}})", errc::wrong_type},
      {R"({"Heartbeat":{"models":["m"]}})", errc::wrong_type},
      {R"({"Heartbeat":{"models":[{"id":"m","created":-1}]}})", errc::wrong_type},
      {R"({"Heartbeat":{"models":[{"id":"m","created":1.5}]}})", errc::wrong_type},
      {R"({"Heartbeat":{"models":[{"id":"m","created":"1"}]}})", errc::wrong_type},
      {R"({"SystemInfo":{"cpu_usage":"1"}})", errc::wrong_type},
      {R"({"SystemInfo":{"cpu_usage":1e300}})", errc::wrong_type},
      {R"({"OpenLinks":{"ids":["x"]}})", errc::wrong_type},
      {R"({"OpenLinks":{"ids":[1]}})", errc::wrong_type},
      {R"({"NewLink":{"link_id":"0f8fad5b-d9cb-469f-a165-70867728950e","streams":4294967296,)"
       R"("early":1}})",
       errc::wrong_type},
      {R"({"RegisterService":{"name":"s","kind":"sctp","outer_port":1}})", errc::wrong_type},
      {R"({"RegisterService":{"name":"s","kind":"tcp","outer_port":65536}})", errc::wrong_type},
      {R"({"RegisterService":{"name":"s","kind":"tcp","outer_port":1,"proxy_protocol":"v3"}})",
       errc::wrong_type},
      {R"({"RegisterService":{"name":"s","kind":"tcp"}})", errc::missing_field},
      {R"({"RegisterService":{"name":"s","kind":"tcp","outer_port":1,"metadata":[{"name":"a"}]}})",
       errc::missing_field},
      {R"({"Register":{"client_id":")" + id_257 + "\"}}", errc::too_long},
      {R"({"LoginByToken":{"token":")" + std::string(longest_secret + 1, 't') + "\"}}",
       errc::too_long},
  };
  for (const refused_case& row : cases) {
    const auto read = parse_command(row.json);
    ASSERT_FALSE(read) << row.json;
    EXPECT_EQ(read.error(), row.error) << row.json << ": " << read.error().message();
  }
}

TEST(command, at_the_limits) {
  EXPECT_TRUE(
      parse_command(R"({"Register":{"client_id":")" + std::string(longest_field, 'x') + "\"}}"));
  EXPECT_TRUE(
      parse_command(R"({"LoginByToken":{"token":")" + std::string(longest_secret, 't') + "\"}}"));
  EXPECT_TRUE(parse_command(R"({"Drain":{"deep":)" + repeated("[", 30) + repeated("]", 30) + "}}"));
  const auto list = [](std::size_t count, std::string_view entry) {
    return "[" + repeated(std::string(entry) + ",", count - 1) + std::string(entry) + "]";
  };
  const auto models = [&](std::size_t count) {
    return parse_command(R"({"Heartbeat":{"models":)" + list(count, R"({"id":"m"})") + "}}");
  };
  ASSERT_TRUE(models(most_models));
  EXPECT_EQ(std::get<heartbeat>(*models(most_models)).models.size(), most_models);
  EXPECT_EQ(std::get<heartbeat>(*models(most_models)).left_out, 0u);
  ASSERT_TRUE(models(most_models + 7)) << "a public client may have more";
  EXPECT_EQ(std::get<heartbeat>(*models(most_models + 7)).models.size(), most_models);
  EXPECT_EQ(std::get<heartbeat>(*models(most_models + 7)).left_out, 7u);
  const auto caps = [&](std::size_t count) {
    return parse_command(R"({"LoginByToken":{"token":"t","caps":)" + list(count, R"("c")") + "}}");
  };
  EXPECT_TRUE(caps(most_caps));
  EXPECT_EQ(caps(most_caps + 1).error(), errc::too_many);
  const auto ids = [&](std::size_t count) {
    return parse_command(R"({"OpenLinks":{"ids":)" + list(count, '"' + some_id.to_string() + '"') +
                         "}}");
  };
  const auto metadata = [&](std::size_t count) {
    return parse_command(
        R"({"RegisterService":{"name":"s","kind":"tcp","outer_port":1,"metadata":)" +
        list(count, R"({"name":"a","value":"b"})") + "}}");
  };
  EXPECT_TRUE(metadata(most_metadata));
  EXPECT_EQ(metadata(most_metadata + 1).error(), errc::too_many);
  const auto networks = [&](std::size_t count) {
    return parse_command(R"({"RegisterService":{"name":"s","kind":"tcp","outer_port":1,"deny":)" +
                         list(count, R"("::1")") + "}}");
  };
  EXPECT_TRUE(networks(most_caps));
  EXPECT_EQ(networks(most_caps + 1).error(), errc::too_many);
  const auto ranges = [&](std::size_t count) {
    return parse_command(R"({"FreePorts":{"ranges":)" + list(count, R"({"first":1,"last":2})") +
                         "}}");
  };
  EXPECT_TRUE(ranges(most_ranges));
  EXPECT_EQ(ranges(most_ranges + 1).error(), errc::too_many);
  EXPECT_TRUE(ids(most_link_ids));
  EXPECT_EQ(ids(most_link_ids + 1).error(), errc::too_many);
}

TEST(command, sends_no_number_that_ends_the_public_server) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const auto read = parse_command(json_of(system_info{nan, infinite, -infinite, "x"}));
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == command(system_info{0, 0, 0, "x"}));
}

// What is not sent is counted: nobody believes that a cut list is whole.
TEST(command, sends_as_many_models_as_the_receiver_takes_and_counts_the_rest) {
  const auto sent = [](std::size_t count, const model& each, std::uint32_t left_out_before = 0) {
    heartbeat h;
    h.models.assign(count, each);
    h.left_out = left_out_before;
    const std::string frame = encode(h);
    EXPECT_LE(frame.size(), frame_limit + frame_header_size);
    const auto read = parse_command(frame.substr(frame_header_size));
    EXPECT_TRUE(read);
    const auto& got = std::get<heartbeat>(*read);
    EXPECT_EQ(got.models.size() + got.left_out, count + left_out_before);
    return got;
  };
  const model small{std::string(8, 'm')};
  EXPECT_EQ(sent(most_models, small).models.size(), most_models);
  EXPECT_EQ(sent(most_models + 1, small).models.size(), most_models);
  EXPECT_EQ(sent(most_models, small, 5).left_out, 5u);
  EXPECT_GT(sent(most_models, model{std::string(longest_field, 'm')}).models.size(), 3000u);
  EXPECT_GT(sent(most_models, model{std::string(longest_field, '\x01')}).models.size(), 500u);
  EXPECT_EQ(sent(3, model{std::string(longest_field + 1, 'm')}).left_out, 3u);
}

TEST(command, details_of_models_go_before_models_do) {
  model detailed{"a-model-of-its-own:latest"};
  detailed.size = 4'661'224'676;
  detailed.digest = std::string(64, 'd');
  detailed.parameter_size = std::string(60, '8');
  heartbeat h;
  h.models.assign(10, detailed);
  EXPECT_EQ(fitted(h).models[0].digest, detailed.digest);
  h.models.assign(most_models, detailed);
  const heartbeat fits = fitted(h);
  EXPECT_EQ(fits.models.size(), most_models);
  EXPECT_EQ(fits.left_out, 0u);
  EXPECT_EQ(fits.models[0], model{detailed.id});
}

}  // namespace
}  // namespace frpx::wire
