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

/// How a server wants it.
struct model_watching {
  steady_clock::duration period{};  ///< From one question to the next.
  bool closely = false;             ///< Also what Ollama alone says: details, what is loaded.
};

/// Asks the local service for its models while a session lives, on its own: nobody waits for it.
/// While an answer fails to come the models stay what they were; a service that is absent has none.
///
/// Closely, Ollama is known by its answer to `/api/tags`, and asked for `/api/ps` each time too and
/// for `/api/tags` when the models have changed; any other service is asked for `/v1/models` alone,
/// and now and then whether it is Ollama.
///
/// One worker only. `stop` ends the asking; `join` before it goes.
class model_watch {
 public:
  model_watch(net::worker& on, local_service& service, steady_clock::duration patience);

  /// Asks now and then at every period. `on_change` is called, from the worker's loop, when the
  /// models have become others, until `stop`.
  void start(model_watching how, std::function<void()> on_change);
  void stop() { asking_.cancel(); }
  boost::asio::awaitable<bool> join(steady_time until) { return asking_.join(until); }

  const std::vector<wire::model>& models() const { return models_; }
  /// How many models the service has besides.
  std::size_t left_out() const { return left_out_; }
  /// The names of those that are in memory now; at most wire::most_loaded.
  const std::vector<std::string>& loaded() const { return loaded_; }

 private:
  boost::asio::awaitable<void> ask(model_watching how, std::function<void()> on_change);
  boost::asio::awaitable<model_listing> ask_ollama(model_listing listing);
  void add_details(host::model& to) const;
  bool take(model_listing listing);
  bool take_loaded(model_listing listing);

  net::worker& on_;
  local_service& service_;
  const steady_clock::duration patience_;
  std::vector<wire::model> models_;
  std::size_t left_out_ = 0;
  std::vector<std::string> loaded_;
  bool is_ollama_ = false;
  steady_time next_probe_;            // for Ollama
  std::vector<host::model> details_;  // as Ollama said them last...
  std::size_t details_left_out_ = 0;
  std::vector<host::model> detailed_;  // ...when these were its models
  bool changed_ = false;               // since on_change was called
  std::string last_trouble_;           // empty: the last answer was good
  bool heard_ = false;                 // an answer was taken
  net::task_group asking_;
};

}  // namespace frpx::client
