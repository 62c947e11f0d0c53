// Questions to the person at the terminal.
#pragma once

#include <string>

#include "config/environment.hpp"
#include "config/options.hpp"
#include "core/result.hpp"

namespace frpx::config {

enum class terminal_errc {
  no_terminal = 1,
  ended,
  too_long,
  different,
};
error_code make_error_code(terminal_errc e);

/// The terminal that controls this process, wherever its standard streams go. Blocks: for use
/// before the workers run.
class terminal {
 public:
  /// Opens `/dev/tty`. Error: no_terminal.
  static result<terminal> open();
  /// Takes over a descriptor of a terminal.
  explicit terminal(int descriptor) : descriptor_(descriptor) {}
  terminal(terminal&& other) noexcept;
  terminal& operator=(terminal&&) = delete;
  ~terminal();

  /// Prints `prompt` and reads a line of at most 1024 bytes. Errors: ended, too_long.
  result<std::string> ask(std::string_view prompt);
  /// The same without showing what is typed.
  result<secret> ask_secret(std::string_view prompt);

 private:
  int descriptor_;
};

/// The password for a user that is made or changed: `FRPX_PASSWORD`, else asked twice. Error:
/// no_terminal (its message says what to pass), ended, different.
result<secret> new_password(const environment& env);
result<secret> new_password(terminal& asked);

/// Asks for what `options` lacks of e-mail and password. Error: no_terminal (its message says what
/// to pass), ended.
result<void> complete_credentials(frpc_options& options);
result<void> complete_credentials(frpc_options& options, terminal& asked);

}  // namespace frpx::config

template <>
struct boost::system::is_error_code_enum<frpx::config::terminal_errc> : std::true_type {};
