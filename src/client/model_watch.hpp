// Which models the local service has, kept current.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/local_service.hpp"
#include "client/model_fetch.hpp"
#include "net/task_group.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {

/// Asks the local service for its models while a session lives, on its own: nobody waits for it.
/// While an answer fails to come the models stay what they were; a service that is absent has none.
///
/// One worker only. `stop` ends the asking; `join` before it goes.
class model_watch {
 public:
  model_watch(net::worker& on, local_service& service, steady_clock::duration patience,
              steady_clock::duration period);

  /// Asks now and then at every period. `on_change` is called, from the worker's loop, when the
  /// models have become others, until `stop`.
  void start(std::function<void()> on_change);
  void stop() { asking_.cancel(); }
  boost::asio::awaitable<bool> join(steady_time until) { return asking_.join(until); }

  const std::vector<wire::model>& models() const { return models_; }

 private:
  boost::asio::awaitable<void> ask(std::function<void()> on_change);
  bool take(model_listing listing);

  net::worker& on_;
  local_service& service_;
  const steady_clock::duration patience_;
  const steady_clock::duration period_;
  std::vector<wire::model> models_;
  std::string last_trouble_;  // empty: the last answer was good
  bool heard_ = false;        // an answer was taken
  net::task_group asking_;
};

}  // namespace frpx::client
