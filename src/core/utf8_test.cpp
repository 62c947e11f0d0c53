#include "core/utf8.hpp"

#include <gtest/gtest.h>

#include "core/log.hpp"
#include "core/names.hpp"
#include "tests/support/captured_log.hpp"

namespace frpx {
namespace {

TEST(utf8, lengths_of_characters) {
  const std::pair<std::string_view, std::size_t> rows[] = {{"a", 1},
                                                           {std::string_view("\0", 1), 1},
                                                           {"\x7f", 1},
                                                           {"\xc2\x80", 2},
                                                           {"\xc3\xa9x", 2},
                                                           {"\xe6\x93\x8d", 3},
                                                           {"\xe2\x80\xa8", 3},
                                                           {"\xf0\x9f\x98\x80", 4},
                                                           {"", 0},
                                                           {"\x80", 0},
                                                           {"\xc3", 0},
                                                           {"\xc0\x80", 0},
                                                           {"\xe0\x80\x80", 0},
                                                           {"\xed\xa0\x80", 0},
                                                           {"\xf0\x80\x80\x80", 0},
                                                           {"\xf4\x90\x80\x80", 0},
                                                           {"\xf5\x80\x80\x80", 0},
                                                           {"\xff", 0}};
  for (const auto& [text, length] : rows) EXPECT_EQ(utf8_length(text), length) << printable(text);
}

TEST(utf8, what_a_terminal_or_a_log_reader_would_obey_is_escaped) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"plain, with \"quotes\" and \\", "plain, with \"quotes\" and \\"},
      {"\xc3\xa9t\xc3\xa9 \xe6\x93\x8d \xf0\x9f\x98\x80",
       "\xc3\xa9t\xc3\xa9 \xe6\x93\x8d \xf0\x9f\x98\x80"},
      {"a\r\n\tb", "a\\r\\n\\tb"},
      {std::string_view("\0\x1b[2J\x7f", 6), "\\x00\\x1b[2J\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m"},                                               // C1: a CSI in one character
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},  // separate lines
      {"\xe2\x80\xae"
       "cod.exe",
       "\\xe2\\x80\\xaecod.exe"},  // reverses what follows
      {"\x9b\xff\xc3", "\\x9b\\xff\\xc3"}};
  for (const auto& [text, shown] : rows) {
    EXPECT_EQ(printable(text), shown);
    EXPECT_EQ(is_printable(text), text == shown) << shown;
    EXPECT_TRUE(is_printable(printable(text))) << shown;
  }
}

// Every place that logs text of others passes here, whether it thought of that or not.
TEST(log, a_line_stays_one_line) {
  const test::captured_log log;
  log::warn("model {} of {}", std::string("x\n2026 FAKE\x1b[31m"), "\xe2\x80\xa8\xff");
  EXPECT_EQ(log.text(), "warning model x\\n2026 FAKE\\x1b[31m of \\xe2\\x80\\xa8\\xff\n");
}

TEST(log, a_callback_gets_one_line_too) {
  std::vector<std::string> lines;
  {
    log::sink to([&](log::level, std::string_view line) { lines.emplace_back(line); });
    std::thread([&] {
      to.take_this_thread();
      log::info("{}", "a\nb");
    }).join();
  }
  EXPECT_EQ(lines, std::vector<std::string>{"a\\nb"});
}

}  // namespace
}  // namespace frpx
