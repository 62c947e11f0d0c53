#include "client/program.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>

#include "client/engine.hpp"
#include "config/command_line.hpp"
#include "config/environment.hpp"
#include "config/terminal.hpp"
#include "core/log.hpp"
#include "host/machine_id.hpp"
#include "net/descriptor_limit.hpp"

namespace frpx::client {
namespace {

namespace asio = boost::asio;

constexpr int exit_failure = 1;

// Runs an engine on a worker of its own, and this thread waits for signals.
class runner {
 public:
  explicit runner(engine_settings settings)
      : names_(blocking_), engine_(workers_.home(), names_, blocking_, std::move(settings)) {}

  ending until_it_ends() {
    await_signal();
    workers_.start();
    workers_.home().post([this] { workers_.home().tasks().spawn(live(this)); });
    main_.run();
    workers_.stop();
    return ending_;
  }

 private:
  static asio::awaitable<void> live(runner* self) {
    self->ending_ = co_await self->engine_.run();
    asio::post(self->main_, [self] { self->signals_.cancel(); });
  }

  void await_signal() {
    signals_.async_wait([this](error_code cancelled, int number) {
      if (cancelled) return;
      log::info("Got {}", number == SIGINT ? "SIGINT" : "SIGTERM");
      workers_.home().post([this] { engine_.stop(); });
      await_signal();
    });
  }

  asio::io_context main_{1};
  asio::signal_set signals_{main_, SIGINT, SIGTERM};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{2, 64};
  net::resolver names_;
  engine engine_;
  ending ending_ = ending::stopped;
};

// A file that cannot be read costs a login with credentials, no more.
std::optional<kept_token> token_of(const config::frpc_options& options) {
  auto kept = load_token(options.token_file);
  if (kept) return std::move(*kept);
  log::warn("Ignoring the token file {}: {}", options.token_file.string(), kept.error().message());
  return std::nullopt;
}

// The id to register under; false if there is none.
bool name_client(config::frpc_options& options) {
  if (!options.client_id.empty()) return true;
  std::string trouble = config::prepare_data_dir(options.data_dir);
  if (trouble.empty()) {
    auto id = host::machine_id(options.data_dir);
    if (id) {
      options.client_id = std::move(*id);
      return true;
    }
    trouble = id.error().message();
  }
  log::error("No name for this client: {}; pass --client-id", trouble);
  return false;
}

// A stream needs two descriptors.
void fit_streams(config::frpc_options& options) {
  const std::size_t open = net::raise_descriptor_limit();
  const std::size_t usable = open > 2 * net::reserved_descriptors ? open - net::reserved_descriptors
                                                                  : net::reserved_descriptors;
  if (options.max_streams <= usable / 2) return;
  options.max_streams = static_cast<std::uint32_t>(usable / 2);
  log::warn("The limit on open files allows {} streams at once", options.max_streams);
}

// Asks for what is missing; false if nobody answers.
bool ask_for_credentials(config::frpc_options& options) {
  if (!options.email.empty() && !options.password.empty()) return false;  // they were refused
  const auto asked = config::complete_credentials(options);
  if (asked) return true;
  log::error("No credentials: {}", asked.error().message());
  return false;
}

}  // namespace

int run_program(config::frpc_options options) {
  if (!name_client(options)) return exit_failure;
  fit_streams(options);
  for (;;) {
    engine_settings settings{.options = options, .token = token_of(options)};
    switch (runner(std::move(settings)).until_it_ends()) {
      case ending::stopped:
        return 0;
      case ending::credentials_refused:
        return config::exit_usage;
      case ending::no_credentials:
        if (!ask_for_credentials(options)) return config::exit_usage;
    }
  }
}

}  // namespace frpx::client
