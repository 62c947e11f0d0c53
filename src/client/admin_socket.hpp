// How a running client is asked: `frpc status` and `frpc reload`.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <string>

#include "net/poller.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"

namespace frpx::client {

/// What is answered: the exit code of who asked, and what it prints.
struct admin_answer {
  int exit_code = 0;
  std::string text;
};

/// A Unix socket that only its owner may open (mode 0600). Who connects says one word in a line;
/// the answer is a line with the exit code and then the text, to the end of the connection.
///
/// One worker only. `stop` ends it, `join` waits until it has.
class admin_socket final : private net::poller::source {
 public:
  using handler = std::function<boost::asio::awaitable<admin_answer>(std::string)>;

  admin_socket(net::worker& on, handler answer);
  ~admin_socket() { stop(); }

  /// Listens; a socket that was left behind by a program that is gone is taken over. Errors:
  /// `address_in_use` when another program listens there, the system's.
  error_code open(const std::filesystem::path& where);
  void stop();
  boost::asio::awaitable<bool> join(steady_time until) { return tasks_.join(until); }

 private:
  void on_events(std::uint32_t events) override;
  boost::asio::awaitable<void> serve(net::unique_fd one);

  net::worker& on_;
  const handler answer_;
  net::unique_fd listening_;
  std::filesystem::path where_;
  net::task_group tasks_;
};

/// Where the client of that id listens: short, for a Unix socket's path has at most 107 bytes.
std::filesystem::path admin_path(const std::filesystem::path& data_dir,
                                 const std::string& client_id);

/// Asks the running client `word`, and waits at most `wait`. Blocks. Error: nobody listens, or
/// the system's.
result<admin_answer> ask_client(const std::filesystem::path& where, const std::string& word,
                                std::chrono::milliseconds wait);

}  // namespace frpx::client
