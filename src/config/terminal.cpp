#include "config/terminal.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace frpx::config {
namespace {

constexpr std::size_t longest_line = 1024;

constexpr const char* explain(terminal_errc e) {
  switch (e) {
    case terminal_errc::no_terminal:
      return "there is no terminal to ask on: pass --email, and the password by FRPX_PASSWORD";
    case terminal_errc::ended:
      return "the terminal was closed before the answer";
    case terminal_errc::too_long:
      return "the answer is longer than 1024 bytes";
    case terminal_errc::different:
      return "the two passwords differ";
  }
  return "unknown terminal error";
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a prompt that cannot be shown is no reason not to read
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

result<std::string> read_line(int descriptor) {
  std::string line;
  line.reserve(longest_line);  // no copy of a password stays behind in outgrown memory
  for (;;) {
    char c = 0;
    const ssize_t got = ::read(descriptor, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return terminal_errc::ended;
    if (c == '\n') return line;
    if (line.size() == longest_line) return terminal_errc::too_long;
    line += c;
  }
}

// Turns echo off for its lifetime. Ctrl-C meanwhile ends the program, and the shell puts the
// terminal right, as after every program.
class silence {
 public:
  explicit silence(int descriptor)
      : descriptor_(descriptor), changed_(::tcgetattr(descriptor, &before_) == 0) {
    if (!changed_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK);
    quiet.c_lflag |= ECHONL;
    ::tcsetattr(descriptor_, TCSAFLUSH, &quiet);
  }
  silence(const silence&) = delete;
  ~silence() {
    if (changed_) ::tcsetattr(descriptor_, TCSAFLUSH, &before_);
  }

 private:
  int descriptor_;
  termios before_{};
  bool changed_;
};

}  // namespace

error_code make_error_code(terminal_errc e) {
  return error_of<terminal_errc, explain>("terminal", e);
}

result<terminal> terminal::open() {
  const int descriptor = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return terminal_errc::no_terminal;
  return terminal(descriptor);
}

terminal::terminal(terminal&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

terminal::~terminal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

result<std::string> terminal::ask(std::string_view prompt) {
  write_all(descriptor_, prompt);
  return read_line(descriptor_);
}

result<secret> terminal::ask_secret(std::string_view prompt) {
  const silence quiet(
      descriptor_);  // first: what is typed at the sight of the prompt must not show
  write_all(descriptor_, prompt);
  result<std::string> line = read_line(descriptor_);
  if (!line) return line.error();
  return secret(std::move(*line));
}

result<secret> new_password(const environment& env) {
  if (const auto given = env.get("FRPX_PASSWORD")) return secret(*given);
  result<terminal> asked = terminal::open();
  if (!asked) return asked.error();
  return new_password(*asked);
}

result<secret> new_password(terminal& asked) {
  result<secret> first = asked.ask_secret("Password: ");
  if (!first) return first;
  const result<secret> second = asked.ask_secret("Once more: ");
  if (!second) return second.error();
  if (!(*first == *second)) return terminal_errc::different;
  return first;
}

result<void> complete_credentials(frpc_options& options) {
  if (!options.email.empty() && !options.password.empty()) return {};
  result<terminal> asked = terminal::open();
  if (!asked) return asked.error();
  return complete_credentials(options, *asked);
}

result<void> complete_credentials(frpc_options& options, terminal& asked) {
  if (options.email.empty()) {
    result<std::string> email = asked.ask("E-mail: ");
    if (!email) return email.error();
    options.email = std::move(*email);
  }
  if (options.password.empty()) {
    result<secret> password = asked.ask_secret("Password for " + options.email + ": ");
    if (!password) return password.error();
    options.password = std::move(*password);
  }
  return {};
}

}  // namespace frpx::config
