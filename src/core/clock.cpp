#include "core/clock.hpp"

#include <spdlog/fmt/fmt.h>

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

}  // namespace frpx
