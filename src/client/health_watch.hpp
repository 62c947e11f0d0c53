// Whether the local service is well, asked regularly.
#pragma once

#include <functional>
#include <string>

#include "client/local_service.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"

namespace frpx::client {

/// Asks for a path of the local service while a session lives: any answer below 400 in time is
/// well. `failures` in a row make it unwell, one good answer makes it well.
///
/// One worker only. `stop` ends the asking; `join` before it goes.
class health_watch {
 public:
  static constexpr int failures = 2;

  /// `path` empty: nothing is asked, and the service is well. `patience`: for an answer.
  health_watch(net::worker& on, local_service& service, std::string path,
               steady_clock::duration period, steady_clock::duration patience);

  /// `on_change` is called, from the worker's loop, when that has changed, until `stop`.
  void start(std::function<void()> on_change);
  void stop() { asking_.cancel(); }
  boost::asio::awaitable<bool> join(steady_time until) { return asking_.join(until); }

  bool asks() const { return !path_.empty(); }
  bool well() const { return failed_ < failures; }

 private:
  boost::asio::awaitable<void> ask(std::function<void()> on_change);

  net::worker& on_;
  local_service& service_;
  const std::string path_;
  const steady_clock::duration period_;
  const steady_clock::duration patience_;
  int failed_ = 0;  // in a row
  net::task_group asking_;
};

}  // namespace frpx::client
