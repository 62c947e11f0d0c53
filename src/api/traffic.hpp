// The last minutes.
#pragma once

#include <deque>
#include <functional>

#include "api/server_view.hpp"
#include "http/message.hpp"
#include "net/timers.hpp"

namespace frpx::api {

/// What went on in each of the last intervals, for graphs that are not empty when a page is opened:
/// the differences of counters that are read every five seconds. Nobody counts anything for it.
///
/// Home worker.
class traffic_log final : private net::deadline {
 public:
  static constexpr std::chrono::seconds interval{5};
  static constexpr std::size_t most = 180;

  /// What is read, each since the start but for the last two.
  struct reading {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;  ///< Of them, those without a whole answer or with 5xx.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    durations took;  ///< Of the requests that clients answered.
    std::uint64_t in_flight = 0;
    std::uint64_t clients = 0;
  };
  struct sample {
    wall_time at;  ///< The interval's end.
    reading in;    ///< The differences; the last two as they were then.
  };

  /// `read` is called on the worker of `clock`.
  traffic_log(net::timers& clock, std::function<reading()> read);

  /// Reads now, and ends an interval.
  void take(wall_time now);
  /// The oldest first.
  const std::deque<sample>& samples() const { return samples_; }

 private:
  void expired() override;

  const std::function<reading()> read_;
  reading last_;
  std::deque<sample> samples_;
};

/// `GET /api/traffic`.
http::response traffic(server_view& server, const http::request& asked);

}  // namespace frpx::api
