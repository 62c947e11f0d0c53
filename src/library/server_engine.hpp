// The embedded server behind its public class. What is public and what is inside both have a
// `result`, so no file sees both: this header speaks of errors as values that are returned.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <frpx/error.hpp>
#include <frpx/options.hpp>
#include <frpx/service.hpp>

#include "library/context_source.hpp"

namespace frpx::library {

using inner_hook = std::function<void(context_source&)>;

/// What is called when; any of them may be empty.
struct server_hooks {
  inner_hook tunnel_created;
  inner_hook tunnel_destroyed;
  inner_hook user_coming;
  inner_hook user_leaving;
  inner_hook user_to_tunnel;
  inner_hook tunnel_to_user;
};

/// Thread safety as of frpx::tunnel_server.
class server_engine {
 public:
  server_engine(const std::vector<port_range>& ports, server_options options);
  ~server_engine();

  bool add_ports(port_range more);
  error start(std::string_view address);
  /// Returns once the server does not run.
  void await_stop();
  void stop();
  std::uint16_t port() const;

  // Before `start`.
  server_hooks hooks;
  logger log_to;

 private:
  class running;

  const server_options options_;
  mutable std::mutex guard_;
  std::condition_variable stopped_;
  std::vector<port_range> ports_;
  std::unique_ptr<running> running_;
};

}  // namespace frpx::library
