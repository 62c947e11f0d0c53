#include "http/h2/answer_reader.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/errc.hpp"

namespace frpx::http::h2 {
namespace {

struct reading {
  std::string heads;  // of all heads: the fields in the form of HTTP/2
  std::string payload;
  std::string trailer;
  bool complete = false;
  error_code error;
};

std::string shown(const field_list& fields) {
  std::string text;
  for (const auto& each : fields.entries()) {
    text.append(each.name).append("=").append(each.value).append(";");
  }
  return text;
}

reading read(std::string_view bytes, std::size_t slice, std::size_t most, bool to_head = false) {
  answer_reader reader;
  reader.answers_head(to_head);
  field_list fields;
  reading all;
  while (!bytes.empty() && !reader.complete()) {
    response_head head;
    const auto step = reader.feed(bytes.substr(0, slice), most, head);
    if (!step) {
      all.error = step.error();
      return all;
    }
    EXPECT_LE(step->payload.size(), most);
    if (step->what == answer_reader::found::interim || step->what == answer_reader::found::final) {
      fields.take(head);
      all.heads += shown(fields) + "|";
    }
    all.payload += step->payload;
    bytes.remove_prefix(step->consumed);
    EXPECT_NE(step->consumed, 0u);
    if (step->consumed == 0) return all;
  }
  all.complete = reader.complete();
  fields.take_trailer(reader.trailer());
  all.trailer = shown(fields);
  return all;
}

TEST(answer_reader, reads_answers_in_any_pieces) {
  struct row {
    std::string in;
    std::string heads;
    std::string payload;
    std::string trailer = "";
    bool complete = true;
    bool to_head = false;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const row rows[] = {
      {ok + "Content-Length: 5\r\nX-A: b\r\n\r\nhello", ":status=200;content-length=5;x-a=b;|",
       "hello"},
      {ok + "Transfer-Encoding: chunked\r\nConnection: close\r\nKeep-Alive: 5\r\nUpgrade: x\r\n"
            "Proxy-Connection: x\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
       ":status=200;|", "hello"},
      {ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum:  5 \r\nY:\r\n\r\n", ":status=200;|", "",
       "x-sum=5;y=;"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 "
       "None\r\n\r\n",
       ":status=100;|:status=103;link=x;|:status=204;|", ""},
      {ok + "Content-Length: 5\r\n\r\n", ":status=200;content-length=5;|", "", "", true, true},
      {ok + "Content-Length: 5\r\n\r\nhel", ":status=200;content-length=5;|", "hel", "", false},
  };
  for (const row& each : rows) {
    for (const std::size_t slice : {1u, 2u, 7u, 1000u}) {
      for (const std::size_t most : {1u, 3u, 1000u}) {
        const reading got = read(each.in, slice, most, each.to_head);
        EXPECT_FALSE(got.error) << each.in << got.error.message();
        EXPECT_EQ(got.heads, each.heads) << slice;
        EXPECT_EQ(got.payload, each.payload);
        EXPECT_EQ(got.trailer, each.trailer);
        EXPECT_EQ(got.complete, each.complete) << each.in;
      }
    }
  }
}

TEST(answer_reader, what_is_no_answer_is_an_error) {
  EXPECT_EQ(read("hello", 9, 9).error, make_error_code(errc::bad_status_line));
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", 99, 9).error,
            make_error_code(errc::bad_chunk));
}

}  // namespace
}  // namespace frpx::http::h2
