#include "http/body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/errc.hpp"

namespace frpx::http {
namespace {

using namespace std::string_literals;
using kind = framing::kind;

struct decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  error_code error;
};

decoded decode(framing how, std::string_view bytes, std::size_t slice, std::size_t most) {
  decoded d;
  body_decoder decoder(how);
  while (true) {
    const auto step = decoder.feed(bytes.substr(d.consumed, slice), most);
    if (!step) {
      d.error = step.error();
      break;
    }
    EXPECT_LE(step->payload.size(), most);
    d.payload += step->payload;
    d.consumed += step->consumed;
    if (step->consumed == 0) break;
  }
  d.done = decoder.done();
  EXPECT_TRUE(d.error || decoder.size() == d.payload.size());
  return d;
}

struct good_body {
  framing how;
  std::string bytes;
  std::string payload;
  std::string behind = "";
  bool done = true;
};

TEST(body_decoder, finds_the_payload_however_it_is_cut) {
  const framing chunked{kind::chunked, 0};
  const std::vector<good_body> cases = {
      {{}, "GET", "", "GET"},
      {{kind::length, 0}, "GET", "", "GET"},
      {{kind::length, 3}, "abcGET", "abc", "GET"},
      {{kind::length, 3}, "ab", "ab", "", false},
      {{kind::until_close, 0}, "abc", "abc", "", false},
      {chunked, "0\r\n\r\nGET", "", "GET"},
      {chunked, "3\r\nabc\r\n0\r\n\r\n", "abc"},
      {chunked, "3\r\nabc\r\nB\r\n0123456789a\r\n00\r\n\r\nX", "abc0123456789a", "X"},
      {chunked, "000000000000000a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {chunked, "3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", "abc"},
      {chunked, "1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n", "\r\n"},
      {chunked, "1\r\na\r\n0\r\nTrailer: x \xff\r\nB:\r\n\r\nGET", "a", "GET"},
      {chunked, "3\r\nabc", "abc", "", false},
      {chunked, "0\r\n", "", "", false},
  };
  for (const good_body& row : cases) {
    for (const std::size_t slice : {1u, 2u, 3u, 7u, 1000u}) {
      for (const std::size_t most : {1u, 2u, 1000u}) {
        const decoded d = decode(row.how, row.bytes, slice, most);
        ASSERT_FALSE(d.error) << row.bytes << d.error.message();
        EXPECT_EQ(d.payload, row.payload) << row.bytes;
        EXPECT_EQ(d.done, row.done) << row.bytes;
        EXPECT_EQ(row.bytes.substr(d.consumed), row.behind) << row.bytes;
      }
    }
  }
}

struct bad_body {
  std::string bytes;
  errc error = errc::bad_chunk;
};

TEST(body_decoder, refuses_what_others_may_read_otherwise) {
  const std::vector<bad_body> cases = {
      {"\r\n"},
      {"g\r\n"},
      {" 3\r\nabc\r\n"},
      {"3 \r\nabc\r\n"},
      {"3 ;x\r\nabc\r\n"},
      {"+3\r\nabc\r\n"},
      {"-3\r\nabc\r\n"},
      {"0x3\r\nabc\r\n"},
      {"3\nabc\n"},
      {"3\r\nabc\n"},
      {"3\r\nabcd\r\n"},
      {"3\r\nabc0\r\n"},
      {"3\r\rabc"},
      {"3;a\nabc"},
      {"3;a\rbc"},
      {"3;a\0\r\n"s},
      {"3;a\x01\r\n"},
      {"8000000000000000\r\n"},
      {"ffffffffffffffff\r\n"},
      {"10000000000000003\r\n"},
      {"00000000000000003\r\n"},
      {";x\r\n"},
      {"0\r\n\n", errc::bad_trailer},
      {"0\r\n\rx", errc::bad_trailer},
      {"0\r\nX\r\n\r\n", errc::bad_trailer},
      {"0\r\nX : y\r\n\r\n", errc::bad_trailer},
      {"0\r\n: y\r\n\r\n", errc::bad_trailer},
      {"0\r\n X: y\r\n\r\n", errc::bad_trailer},
      {"0\r\nX: y\r\n z\r\n\r\n", errc::bad_trailer},
      {"0\r\nX: y\n\r\n", errc::bad_trailer},
      {"0\r\nX: y\rz\r\n", errc::bad_trailer},
      {"0\r\nX: \0\r\n\r\n"s, errc::bad_trailer},
  };
  for (const bad_body& row : cases) {
    for (const std::size_t slice : {1u, 1000u}) {
      EXPECT_EQ(decode({kind::chunked, 0}, row.bytes, slice, 1000).error, row.error) << row.bytes;
    }
  }
}

TEST(body_decoder, limits_and_one_past) {
  const auto error_of = [](const std::string& bytes) {
    return decode({kind::chunked, 0}, bytes, bytes.size(), bytes.size()).error;
  };
  const std::size_t line = body_decoder::longest_chunk_line;
  EXPECT_FALSE(error_of("1;" + std::string(line - 2, 'x') + "\r\n"));
  EXPECT_EQ(error_of("1;" + std::string(line - 1, 'x') + "\r\n"), errc::bad_chunk);

  std::string extensions;
  for (std::size_t sum = 0; sum < body_decoder::most_extension_bytes; sum += 128) {
    extensions += "1;" + std::string(127, 'x') + "\r\na\r\n";
  }
  EXPECT_FALSE(error_of(extensions));
  EXPECT_FALSE(error_of(extensions + "0\r\n\r\n"));
  EXPECT_EQ(error_of(extensions + "0;\r\n\r\n"), errc::bad_chunk);

  const auto trailer = [](std::size_t size) {  // of all lines, with the empty one
    return "0\r\nX:" + std::string(size - 6, 'y') + "\r\n\r\n";
  };
  EXPECT_FALSE(error_of(trailer(body_decoder::longest_trailer)));
  EXPECT_EQ(error_of(trailer(body_decoder::longest_trailer + 1)), errc::bad_trailer);
  EXPECT_FALSE(error_of("7fffffffffffffff\r\n"));
}

TEST(body_decoder, end_of_the_stream) {
  const auto end_of = [](framing how, std::string_view bytes) {
    body_decoder decoder(how);
    EXPECT_TRUE(decoder.feed(bytes));
    const error_code error = decoder.end_of_stream();
    EXPECT_TRUE(decoder.done());
    return error;
  };
  EXPECT_FALSE(end_of({}, ""));
  EXPECT_FALSE(end_of({kind::until_close, 0}, ""));
  EXPECT_FALSE(end_of({kind::until_close, 0}, "abc"));
  EXPECT_FALSE(end_of({kind::length, 3}, "abc"));
  EXPECT_FALSE(end_of({kind::chunked, 0}, "0\r\n\r\n"));
  EXPECT_EQ(end_of({kind::length, 3}, "ab"), errc::cut_short);
  EXPECT_EQ(end_of({kind::chunked, 0}, ""), errc::cut_short);
  EXPECT_EQ(end_of({kind::chunked, 0}, "0\r\n"), errc::cut_short);
}

TEST(chunk, fits_its_room_and_is_read_again) {
  const std::string payload(5000, 'p');
  for (std::size_t room = 0; room < payload.size(); ++room) {
    const std::size_t size = chunk_payload_fitting(room);
    EXPECT_EQ(size == 0, room < 6) << room;
    EXPECT_LE(room, size + 9) << "wasteful";
    if (size == 0) continue;
    std::vector<char> out(room);
    const std::size_t written = write_chunk(std::string_view(payload).substr(0, size), out);
    ASSERT_LE(written, room);
    const std::string bytes = std::string(out.data(), written) + std::string(last_chunk);
    const decoded d = decode({kind::chunked, 0}, bytes, bytes.size(), bytes.size());
    ASSERT_TRUE(d.done && !d.error) << room;
    EXPECT_EQ(d.payload.size(), size);
  }
}

}  // namespace
}  // namespace frpx::http
