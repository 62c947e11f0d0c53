#include "client/program.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>

#include "client/admin_socket.hpp"
#include "client/engine.hpp"
#include "config/environment.hpp"
#include "config/services.hpp"
#include "config/terminal.hpp"
#include "core/log.hpp"
#include "host/machine_id.hpp"
#include "net/descriptor_limit.hpp"

namespace frpx::client {
namespace {

namespace asio = boost::asio;

constexpr int exit_failure = 1;

constexpr auto reread_patience = std::chrono::seconds(5);

std::string show_services(state now, const std::vector<service_status>& services,
                          const net::udp_losses& lost) {
  std::string text = fmt::format("{}, {} services\n", to_string(now), services.size());
  for (const auto& each : services) {
    const auto& entry = each.entry;
    text += fmt::format("{:24} {:4} {}:{} -> {}  {}{}{}\n", entry.name, frpx::to_string(entry.kind),
                        entry.local_addr, entry.local_port, each.outer_port, each.state,
                        each.reason.empty() ? "" : ": ", each.reason);
  }
  const bool has_udp = std::any_of(services.begin(), services.end(), [](const auto& each) {
    return each.entry.kind == service_kind::udp;
  });
  if (has_udp) {
    text += fmt::format("datagrams lost here: {} kernel, {} queue\n",
                        lost.of(net::udp_loss::kernel), lost.of(net::udp_loss::queue));
  }
  return text;
}

// Runs an engine on a worker of its own, and this thread waits for signals.
class runner {
 public:
  runner(engine_settings settings, const option_reader& read_again)
      : read_again_(read_again),
        client_id_(settings.options.client_id),
        socket_(admin_path(settings.options.data_dir, client_id_)),
        names_(blocking_),
        engine_(workers_.home(), names_, blocking_, std::move(settings)),
        admin_(workers_.home(), [this](std::string word) { return answer(this, word); }) {}

  ending until_it_ends() {
    await_signal();
    open_admin();
    workers_.start();
    workers_.home().post([this] { workers_.home().tasks().spawn(live(this)); });
    main_.run();
    workers_.stop();
    return ending_;
  }

 private:
  static asio::awaitable<void> live(runner* self) {
    self->ending_ = co_await self->engine_.run();
    self->admin_.stop();
    self->reloads_.cancel();
    co_await self->admin_.join(steady_time::max());
    co_await self->reloads_.join(steady_time::max());
    asio::post(self->main_, [self] { self->signals_.cancel(); });
  }

  static asio::awaitable<admin_answer> answer(runner* self, std::string word) {
    if (word == "reload") co_return co_await reload(self);
    if (word != "status") co_return admin_answer{1, "frpc: it is asked status or reload\n"};
    co_return admin_answer{0, show_services(self->engine_.now(), self->engine_.services(),
                                            self->workers_.home().udp().losses())};
  }

  // What is wrong with the configuration: one line of the log for each problem.
  static void log_problems(std::string_view said) {
    while (!said.empty()) {
      const std::string_view line = said.substr(0, said.find('\n'));
      said.remove_prefix(std::min(said.size(), line.size() + 1));
      log::error("Nothing was changed: {}", line);
    }
  }

  // Reads the services anew; nothing changes when anything is wrong with them.
  static asio::awaitable<admin_answer> reload(runner* self) {
    auto read = co_await self->blocking_.run(
        [again = self->read_again_] { return result<reading>(again()); }, reread_patience);
    if (!read) co_return admin_answer{1, "frpc: " + read.error().message() + "\n"};
    if (const auto* wrong = std::get_if<config::finish>(&*read)) {
      log_problems(wrong->to_stderr);
      co_return admin_answer{config::exit_usage, wrong->to_stderr};
    }
    auto& options = std::get<config::frpc_run>(*read).options;
    config::complete_names(options.services, self->client_id_);
    const std::size_t count = options.services.size();
    self->engine_.set_services(std::move(options.services), options.serves_http);
    log::info("The configuration was read again: {} services", count);
    co_return admin_answer{0, fmt::format("{} services\n", count)};
  }

  static asio::awaitable<void> reload_on_signal(runner* self) { co_await reload(self); }

  void open_admin() {
    std::string problem = config::prepare_data_dir(socket_.parent_path());
    if (problem.empty()) {
      const error_code failed = admin_.open(socket_);
      if (failed) problem = socket_.string() + ": " + failed.message();
    }
    if (problem.empty()) return;
    log::warn("frpc status and frpc reload will not reach this client: {}", problem);
  }

  void await_signal() {
    signals_.async_wait([this](error_code cancelled, int number) {
      if (cancelled) return;
      log::info("Got {}", number == SIGHUP ? "SIGHUP" : number == SIGINT ? "SIGINT" : "SIGTERM");
      workers_.home().post([this, number] {
        if (number != SIGHUP) return engine_.stop();
        reloads_.spawn(reload_on_signal(this));
      });
      await_signal();
    });
  }

  using reading = std::variant<config::finish, config::frpc_run>;

  const option_reader& read_again_;
  const std::string client_id_;
  const std::filesystem::path socket_;
  asio::io_context main_{1};
  asio::signal_set signals_{main_, SIGINT, SIGTERM, SIGHUP};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{2, 64};
  net::resolver names_;
  engine engine_;
  admin_socket admin_;
  net::task_group reloads_{workers_.home().loop()};
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

// A stream needs two descriptors at most, an association one. Associations get what the streams
// leave, and three quarters at least: both are rarely full, and who finds no descriptor is refused.
void fit_streams(config::frpc_options& options) {
  const std::size_t open = net::raise_descriptor_limit();
  const std::size_t usable = open > 2 * net::reserved_descriptors ? open - net::reserved_descriptors
                                                                  : net::reserved_descriptors;
  if (options.max_streams > usable / 2) {
    options.max_streams = static_cast<std::uint32_t>(usable / 2);
    log::debug("The limit on open files allows {} streams at once", options.max_streams);
  }
  const std::size_t left = std::max(usable - 2 * options.max_streams, usable / 4 * 3);
  if (options.max_associations > left) {
    options.max_associations = static_cast<std::uint32_t>(left);
    log::debug("The limit on open files allows {} visitors of udp services at once", left);
  }
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

int run_program(config::frpc_options options, option_reader read_again) {
  if (!name_client(options)) return exit_failure;
  config::complete_names(options.services, options.client_id);
  fit_streams(options);
  for (;;) {
    engine_settings settings{.options = options, .token = token_of(options)};
    switch (runner(std::move(settings), read_again).until_it_ends()) {
      case ending::stopped:
        return 0;
      case ending::credentials_refused:
        return config::exit_usage;
      case ending::no_credentials:
        if (!ask_for_credentials(options)) return config::exit_usage;
    }
  }
}

int ask_running_client(config::frpc_options options, const config::frpc_command& what) {
  if (!name_client(options)) return exit_failure;
  const bool reloads = std::holds_alternative<config::reload>(what);
  const auto answer = ask_client(admin_path(options.data_dir, options.client_id),
                                 reloads ? "reload" : "status", 2 * reread_patience);
  if (!answer) {
    std::fprintf(stderr, "frpc: no client %s runs here: %s\n", options.client_id.c_str(),
                 answer.error().message().c_str());
    return exit_failure;
  }
  std::fputs(answer->text.c_str(), answer->exit_code == 0 ? stdout : stderr);
  return answer->exit_code;
}

}  // namespace frpx::client
