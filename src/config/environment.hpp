// The environment as a value, so that tests have their own and nothing reads the real one deep
// inside.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace frpx::config {

/// Variables and the user, as the process was started with them.
struct environment {
  std::map<std::string, std::string, std::less<>> variables;
  bool is_root = false;

  /// What this process has. Called by `main`, once.
  static environment of_this_process();

  /// A variable's value; one that is set to nothing counts as not set.
  std::optional<std::string> get(std::string_view name) const;
};

/// The data folder when none is given: `/var/lib/frpx` as root, else `$XDG_STATE_HOME/frpx`, else
/// `~/.local/state/frpx`. Empty when there is no home either.
std::filesystem::path default_data_dir(const environment& env);

/// Makes the folder with its parents if it is missing, the last one with mode 0700, and checks that
/// a file can be made in it, and not by every user of the machine. Returns an empty text, or a line
/// that says what is wrong and what to do. Warns of a group that may write there.
std::string prepare_data_dir(const std::filesystem::path& folder);

}  // namespace frpx::config
