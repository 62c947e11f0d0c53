// A real PostgreSQL and a real Redis, started by the test program in a temporary folder.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/random.hpp"
#include "store/postgres/connection.hpp"

namespace frpx::test {

/// Tries until `done()` is true, at most `patience`; whether it came to be.
template <class Done>
bool wait_until(Done done, steady_clock::duration patience = std::chrono::seconds(30)) {
  const steady_time late = steady_clock::now() + patience;
  while (!done()) {
    if (steady_clock::now() >= late) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// A folder that goes with the object.
class temporary_folder {
 public:
  temporary_folder() { std::filesystem::create_directory(path_); }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
};

/// A program that runs beside the test and dies with it. What it prints goes to a file.
class child {
 public:
  child() = default;
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() { end(); }

  /// `user`: whose rights it gets, when the test has root's; null: keeps those of the test.
  void start(std::vector<std::string> words, const std::string& log, const passwd* user = nullptr) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ > 0) return;
    if (user && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                 ::setuid(user->pw_uid) != 0)) {
      ::_exit(126);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != parent) ::_exit(126);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  /// Waits for its end; its exit code, or -1 when a signal ended it.
  int join() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool is_running() const {
    siginfo_t info{};
    return pid_ > 0 &&
           ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }
  pid_t pid() const { return pid_; }
  void end(int signal = SIGKILL) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    join();
  }

 private:
  pid_t pid_ = 0;
};

/// A port on loopback that was free a moment ago: for programs that cannot choose one themselves.
inline std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(probe);
  return ntohs(address.sin_port);
}

/// PostgreSQL as Debian installs it, on a socket in its own folder and on a port of loopback.
class postgres_server {
 public:
  postgres_server() {
    programs_ = find_programs();
    if (::geteuid() == 0) {  // PostgreSQL refuses to run as root
      user_ = ::getpwnam("postgres");
      if (!user_ || ::chown(folder_.path().c_str(), user_->pw_uid, user_->pw_gid) != 0) {
        throw std::runtime_error("PostgreSQL needs a user that is not root");
      }
    }
    child setup;
    setup.start({programs_ + "/initdb", "-D", data(), "-U", "frpx", "-A", "trust", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                folder_ / "log", user_);
    if (setup.join() != 0) throw std::runtime_error("initdb failed:\n" + log());
    start();
  }
  ~postgres_server() { stop(); }

  void start() {
    const steady_time late = steady_clock::now() + std::chrono::seconds(30);
    while (steady_clock::now() < late) {
      server_.start(
          {programs_ + "/postgres", "-D", data(), "-k", folder_.path().string(), "-h", "127.0.0.1",
           "-p", std::to_string(port_), "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
           "shared_buffers=16MB", "-c", "max_connections=200", "-c", "autovacuum=off"},
          folder_ / "log", user_);
      wait_until([this] { return !server_.is_running() || answers(); });
      if (server_.is_running()) {
        has_port_ = true;
        return;
      }
      server_.end();
      // The port was taken; or, after stop(), its former processes are not gone yet.
      if (!has_port_) port_ = free_port();
    }
    throw std::runtime_error("PostgreSQL does not start:\n" + log());
  }
  /// At once, as if the machine had lost its power.
  void stop() {
    resume();
    server_.end(SIGQUIT);
  }
  void freeze() { signal_all(SIGSTOP); }
  void resume() { signal_all(SIGCONT); }

  std::uint16_t port() const { return port_; }
  /// Makes an empty database and returns its URL.
  std::string make_database() {
    const std::string name = "d" + random_hex(6);
    run("postgres", "CREATE DATABASE " + name);
    return url(name);
  }
  std::string url(const std::string& name) const {
    return "postgres://frpx@127.0.0.1:" + std::to_string(port_) + "/" + name;
  }
  /// Runs SQL on the database of that URL, as somebody would by hand; the first column of what
  /// came.
  std::vector<std::string> sql(const std::string& at, const std::string& statement) {
    auto on = store::pg::connection::open(at, soon()).value();
    const auto rows = on.run(statement.c_str(), {}, soon());
    if (!rows) throw std::runtime_error(statement + ": " + on.last_message());
    std::vector<std::string> first;
    for (int i = 0; i < rows->size(); ++i) first.push_back(rows->text(i, 0));
    return first;
  }

 private:
  static steady_time soon() { return steady_clock::now() + std::chrono::seconds(20); }
  static std::string find_programs() {
    for (const char* version : {"15", "16", "17", "18"}) {
      const std::string folder = std::string("/usr/lib/postgresql/") + version + "/bin";
      if (::access((folder + "/initdb").c_str(), X_OK) == 0) return folder;
    }
    throw std::runtime_error("there is no PostgreSQL; run scripts/install-deps.sh test");
  }
  std::string data() const { return folder_ / "data"; }
  std::string log() const {
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool answers() const {
    return store::pg::connection::open(url("postgres"),
                                       steady_clock::now() + std::chrono::seconds(2))
        .has_value();
  }
  void run(const std::string& database, const std::string& statement) {
    sql(url(database), statement);
  }
  // Its processes are groups of their own, so each is told.
  void signal_all(int signal) {
    if (!server_.is_running()) return;
    const auto parent = " " + std::to_string(server_.pid()) + " ";
    std::vector<pid_t> all{server_.pid()};
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream in(entry.path() / "stat");
      std::string line;
      if (!std::getline(in, line)) continue;
      const auto after_name = line.rfind(')');  // ") S PPID "
      if (after_name != line.npos && line.compare(after_name + 3, parent.size(), parent) == 0) {
        all.push_back(static_cast<pid_t>(std::stol(entry.path().filename())));
      }
    }
    for (const pid_t each : all) ::kill(each, signal);
  }

  const temporary_folder folder_;
  std::string programs_;
  const passwd* user_ = nullptr;
  std::uint16_t port_ = free_port();
  bool has_port_ = false;
  child server_;
};

/// The one server of this test program, started by whoever needs it first.
inline postgres_server& shared_postgres() {
  static postgres_server server;
  return server;
}

/// Redis on a port of loopback, without anything on disk.
class redis_server {
 public:
  /// `more`: further words of its command line, as `--requirepass x`.
  explicit redis_server(std::vector<std::string> more = {}) : more_(std::move(more)) { start(); }
  ~redis_server() { stop(); }

  void start() {
    const steady_time late = steady_clock::now() + std::chrono::seconds(30);
    while (steady_clock::now() < late) {
      std::vector<std::string> words{"/usr/bin/redis-server",
                                     "--bind",
                                     "127.0.0.1",
                                     "--save",
                                     "",
                                     "--appendonly",
                                     "no",
                                     "--dir",
                                     folder_.path().string()};
      const bool own_ports = std::find(more_.begin(), more_.end(), "--tls-port") != more_.end();
      words.insert(words.end(), {own_ports ? "--tls-port" : "--port", std::to_string(port_)});
      if (own_ports) words.insert(words.end(), {"--port", "0"});
      for (const std::string& word : more_) {
        if (word != "--tls-port") words.push_back(word);
      }
      server_.start(words, folder_ / "log");
      wait_until([this] { return !server_.is_running() || accepts(); });
      if (server_.is_running()) {
        has_port_ = true;
        return;
      }
      server_.end();
      if (!has_port_) port_ = free_port();
    }
    throw std::runtime_error("Redis does not start; run scripts/install-deps.sh test");
  }
  void stop() { server_.end(); }
  void freeze() { ::kill(server_.pid(), SIGSTOP); }
  void resume() { ::kill(server_.pid(), SIGCONT); }
  std::uint16_t port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

 private:
  bool accepts() const {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool there =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    return there;
  }

  const std::vector<std::string> more_;
  const temporary_folder folder_;
  std::uint16_t port_ = free_port();
  bool has_port_ = false;
  child server_;
};

}  // namespace frpx::test
