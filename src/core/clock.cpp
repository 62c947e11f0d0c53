#include "core/clock.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>

namespace frpx {

std::string to_rfc3339(wall_time time) {
  using namespace std::chrono;
  const auto seconds = floor<std::chrono::seconds>(time);
  const std::time_t whole = wall_clock::to_time_t(wall_time(seconds));
  std::tm utc{};
  gmtime_r(&whole, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     duration_cast<microseconds>(time - seconds).count());
}

namespace {

// Reads a number of exactly `digits` digits off the front; -1 when there is none.
int take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return -1;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = 10 * value + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_mark(std::string_view& text, char mark) {
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(1);
  return true;
}

// `.` and 1 to 9 digits, or nothing at all.
std::optional<std::chrono::nanoseconds> take_fraction(std::string_view& text) {
  if (!take_mark(text, '.')) return std::chrono::nanoseconds(0);
  std::int64_t value = 0;
  int digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    if (++digits > 9) return std::nullopt;
    value = 10 * value + (text[0] - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return std::chrono::nanoseconds(value);
}

// `Z`, or `+08:00` and its like.
std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take_mark(text, 'Z')) return std::chrono::minutes(0);
  const bool west = text.starts_with('-');
  if (!take_mark(text, west ? '-' : '+')) return std::nullopt;
  const int hours = take_number(text, 2);
  const bool colon = take_mark(text, ':');
  const int minutes = take_number(text, 2);
  if (hours < 0 || hours > 23 || !colon || minutes < 0 || minutes > 59) return std::nullopt;
  return std::chrono::minutes((west ? -1 : 1) * (60 * hours + minutes));
}

}  // namespace

std::optional<wall_time> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const int year_number = take_number(text, 4);
  const bool first_dash = take_mark(text, '-');
  const int month_number = take_number(text, 2);
  const bool second_dash = take_mark(text, '-');
  const int day_number = take_number(text, 2);
  const bool is_followed = take_mark(text, 'T');
  const int hour = take_number(text, 2);
  const bool first_colon = take_mark(text, ':');
  const int minute = take_number(text, 2);
  const bool second_colon = take_mark(text, ':');
  const int second = take_number(text, 2);
  const bool has_marks = first_dash && second_dash && is_followed && first_colon && second_colon;
  if (!has_marks || year_number < 0 || month_number < 0 || day_number < 0) return std::nullopt;
  const year_month_day date(year(year_number), month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number)));
  const bool is_time = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0;
  const auto fraction = take_fraction(text);
  if (!date.ok() || !is_time || second > 59 || !fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;

  // In whole seconds, which hold any year; only then in the clock's own nanoseconds.
  const seconds whole =
      sys_days(date).time_since_epoch() + hours(hour) + minutes(minute) + seconds(second) - *offset;
  const auto lowest = ceil<seconds>(wall_time::min().time_since_epoch());
  const auto highest = floor<seconds>(wall_time::max().time_since_epoch());
  const seconds held = std::clamp(whole, lowest, highest);
  if (held != whole || held == highest) return wall_time(held);
  return wall_time(held) + duration_cast<wall_clock::duration>(*fraction);
}

}  // namespace frpx
