#include "wire/proxylite/message.hpp"

#include <gtest/gtest.h>

#include "core/hex.hpp"
#include "wire/errc.hpp"

namespace frpx::wire::proxylite {
namespace {

using namespace std::chrono_literals;

const wall_time birth = wall_time(std::chrono::seconds(1714528800)) + 120ms;

std::uint32_t type_in(const std::string& bytes) {
  return load_little<std::uint32_t>(as_bytes(bytes).data());
}

std::string payload_in(const std::string& bytes) {
  EXPECT_EQ(load_little<std::uint32_t>(as_bytes(bytes).data() + 4), bytes.size() - header_size);
  return bytes.substr(header_size);
}

struct written_case {
  message what;
  std::uint32_t type;
  std::string payload;
};

std::vector<written_case> written_cases() {
  return {
      {undefined{}, 0, ""},
      {malformed{}, 1, ""},
      {ask_free_ports{}, 2, "{}"},
      {ask_free_ports{secret("t")}, 2, R"({"Token":"t"})"},
      {free_ports{}, 3, R"({"Ports":[]})"},
      {free_ports{{9930, 9932}}, 3, R"({"Ports":[9930,9932]})"},
      {ask_services{"a\"b", {}}, 4, R"({"Prefix":"a\"b"})"},
      {ask_services{"a", secret("t")}, 4, R"({"Prefix":"a","Token":"t"})"},
      {services{}, 5, R"({"Services":[]})"},
      {services{{{9930, "ssh", "é", birth, birth + 1s, 1, 2, 3, 4}}}, 5,
       R"({"Services":[{"Port":9930,"Name":"ssh","Message":"é",)"
       R"("Birth":"2024-05-01T02:00:00.120000Z","DeadLine":"2024-05-01T02:00:01.120000Z",)"
       R"("Online":1,"Capacity":2,"AlreadyServe":3,"TotalServe":4}]})"},
      {register_service{{9931, ":22", "ssh", "hi"}, {1, 2, 3}, {}, {}}, 6,
       R"({"Info":{"OuterPort":9931,"InnerAddr":":22","Name":"ssh","Message":"hi"},)"
       R"("Ctrl":{"MaxServeTime":1,"MaxServeConn":2,"MaxServeCount":3}})"},
      {register_service{{}, {}, secret("t"), {"link/1"}}, 6,
       R"({"Info":{"OuterPort":0,"InnerAddr":"","Name":"","Message":""},)"
       R"("Ctrl":{"MaxServeTime":0,"MaxServeConn":0,"MaxServeCount":0},)"
       R"("Token":"t","Caps":["link/1"]})"},
      {registered{0, {}}, 7, R"({"Code":0})"},
      {registered{-3, {}}, 7, R"({"Code":-3})"},
      {registered{0, {"link/1"}}, 7, R"({"Code":0,"Caps":["link/1"]})"},
  };
}

TEST(proxylite_message, is_written_in_the_public_form_and_read_again) {
  std::vector<bool> seen(std::variant_size_v<message>);
  for (const written_case& row : written_cases()) {
    const std::string bytes = encode(row.what);
    EXPECT_EQ(type_in(bytes), row.type);
    EXPECT_EQ(payload_in(bytes), row.payload);
    const auto read = parse_message({row.type, row.payload});
    ASSERT_TRUE(read) << row.payload << ": " << read.error().message();
    EXPECT_TRUE(*read == row.what) << row.payload;
    seen[row.what.index()] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), std::ptrdiff_t(seen.size()));
}

TEST(proxylite_message, is_read_as_go_reads_it) {
  const std::vector<written_case> cases = {
      {ask_free_ports{}, 2, "null"},
      {ask_free_ports{}, 2, R"( {"More":[1]} )"},
      {free_ports{}, 3, R"({"Ports":null})"},
      {free_ports{}, 3, "{}"},
      {free_ports{{7}}, 3, R"({"pOrTs":[7]})"},
      {ask_services{"b", {}}, 4, R"({"prefix":"a","PREFIX":"b"})"},
      {ask_services{"a", {}}, 4, R"({"Prefix":"a","PREFIX":null})"},
      {services{{{}}}, 5, R"({"Services":[null]})"},
      {register_service{{}, {0, 4294967295u, 0}, {}, {}}, 6,
       R"({"ctrl":{"maxserveconn":4294967295},"Info":null})"},
      {registered{1, {}}, 7, R"({"code":1,"Later":{}})"},
  };
  for (const written_case& row : cases) {
    const auto read = parse_message({row.type, row.payload});
    ASSERT_TRUE(read) << row.payload << ": " << read.error().message();
    EXPECT_TRUE(*read == row.what) << row.payload;
  }
}

TEST(proxylite_message, takes_go_times) {
  const auto read = parse_message({5, R"({"Services":[{"Birth":"2024-05-01T10:00:00.12+08:00",)"
                                      R"("DeadLine":"0001-01-01T00:00:00Z"}]})"});
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<services>(*read).list.at(0).birth, birth);
  EXPECT_LT(std::get<services>(*read).list.at(0).deadline, birth);
}

struct refused_case {
  std::uint32_t type;
  std::string payload;
  errc error;
};

TEST(proxylite_message, refusals) {
  const std::string long_name(longest_line + 1, 'x');
  const std::vector<refused_case> cases = {
      {2, "", errc::not_json},
      {2, "{", errc::not_json},
      {2, "{} {}", errc::not_json},
      {2, "[]", errc::not_a_command},
      {2, "1", errc::not_a_command},
      {2, std::string(64, '[') + std::string(64, ']'), errc::not_json},
      {3, R"({"Ports":[-1]})", errc::wrong_type},
      {3, R"({"Ports":[4294967296]})", errc::wrong_type},
      {3, R"({"Ports":[1.0]})", errc::wrong_type},
      {3, R"({"Ports":["1"]})", errc::wrong_type},
      {3, R"({"Ports":{}})", errc::wrong_type},
      {4, R"({"Prefix":1})", errc::wrong_type},
      {4, R"({"Prefix":")" + long_name + "\"}", errc::too_long},
      {4, "{\"Prefix\":\"\xff\"}", errc::not_json},
      {5, R"({"Services":[{"Birth":"yesterday"}]})", errc::wrong_type},
      {5, R"({"Services":[1]})", errc::not_a_command},
      {6, R"({"Info":[]})", errc::not_a_command},
      {6, R"({"Info":{"Name":")" + long_name + "\"}}", errc::too_long},
      {6, R"({"Info":{"Message":")" + std::string(longest_remark + 1, 'm') + "\"}}",
       errc::too_long},
      {6, R"({"Info":{"OuterPort":"9930"}})", errc::wrong_type},
      {6, R"({"Ctrl":{"MaxServeTime":-1}})", errc::wrong_type},
      {7, R"({"Code":2147483648})", errc::wrong_type},
      {8, "{}", errc::unknown_command},
      {64, "{}", errc::unknown_command},
      {4294967295u, "{}", errc::unknown_command},
  };
  for (const refused_case& row : cases) {
    const auto read = parse_message({row.type, row.payload});
    ASSERT_FALSE(read) << row.payload;
    EXPECT_EQ(read.error(), row.error) << row.payload << ": " << read.error().message();
  }
}

TEST(proxylite_message, at_the_limits) {
  const auto with_prefix = [](std::size_t size) {
    return parse_message({4, R"({"Prefix":")" + std::string(size, 'x') + "\"}"});
  };
  EXPECT_TRUE(with_prefix(longest_line));
  EXPECT_FALSE(with_prefix(longest_line + 1));
  const auto with_ports = [](std::size_t count) {
    std::string list = "1";
    for (std::size_t i = 1; i < count; ++i) list += ",1";
    return parse_message({3, R"({"Ports":[)" + list + "]}"});
  };
  EXPECT_TRUE(with_ports(most_ports));
  EXPECT_EQ(with_ports(most_ports + 1).error(), errc::too_many);
}

TEST(proxylite_message, an_answer_is_as_long_as_its_reader_takes) {
  services all;
  all.list.assign(10'000, {1, "name", std::string(longest_remark, '\x01'), {}, {}, 0, 0, 0, 0});
  const std::string bytes = encode(all);
  EXPECT_LE(bytes.size(), longest_answer + header_size);
  const auto read = parse_message({5, std::string_view(bytes).substr(header_size)});
  ASSERT_TRUE(read);
  EXPECT_GT(std::get<services>(*read).list.size(), 500u);
}

std::vector<std::string> read_in_slices(std::string bytes, std::size_t slice, std::size_t limit) {
  message_reader reader(limit);
  std::vector<std::string> found;
  for (std::string_view left = bytes; !left.empty();) {
    const bytes_span into = reader.prepare();
    const auto now = left.substr(0, std::min(slice, into.size()));
    std::copy_n(as_bytes(now).begin(), now.size(), into.begin());
    reader.commit(now.size());
    left.remove_prefix(now.size());
    for (;;) {
      const auto next = reader.next();
      if (!next) return {next.error().message()};
      if (!*next) break;
      found.push_back(std::to_string((*next)->type) + std::string((*next)->payload));
    }
  }
  return found;
}

TEST(proxylite_message, messages_are_found_however_the_bytes_are_cut) {
  const std::string bytes =
      encode(ask_services{"a", {}}) + encode(malformed{}) + encode(registered{2, {}});
  const std::vector<std::string> whole = {R"(4{"Prefix":"a"})", "1", R"(7{"Code":2})"};
  for (const std::size_t slice : {1u, 3u, 7u, 100u}) {
    EXPECT_EQ(read_in_slices(bytes, slice, 64), whole);
  }
}

TEST(proxylite_message, a_longer_one_than_the_limit_is_refused) {
  const std::string bytes = encode(ask_services{std::string(20, 'x'), {}});
  EXPECT_EQ(read_in_slices(bytes, 8, bytes.size() - header_size).size(), 1u);
  EXPECT_EQ(read_in_slices(bytes, 8, bytes.size() - header_size - 1),
            std::vector{make_error_code(errc::frame_too_long).message()});
}

}  // namespace
}  // namespace frpx::wire::proxylite
