#include "config/environment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "core/log.hpp"

namespace frpx::config {

environment environment::of_this_process() {
  environment env;
  env.is_root = ::geteuid() == 0;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != text.npos) env.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return env;
}

std::optional<std::string> environment::get(std::string_view name) const {
  const auto found = variables.find(name);
  if (found == variables.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::filesystem::path default_data_dir(const environment& env) {
  if (env.is_root) return "/var/lib/frpx";
  if (const auto state = env.get("XDG_STATE_HOME")) return std::filesystem::path(*state) / "frpx";
  if (const auto home = env.get("HOME")) {
    return std::filesystem::path(*home) / ".local" / "state" / "frpx";
  }
  return {};
}

std::string prepare_data_dir(const std::filesystem::path& folder) {
  const auto problem = [&](const std::string& why) {
    return "the data folder " + folder.string() + " " + why + "; pass another with --data-dir";
  };
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return problem("cannot be made: " + std::generic_category().message(errno));
  }
  struct stat about{};
  if (::stat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
    return problem("is not a folder");
  }
  // The sticky bit would not help: another user could put a database or a secret there first.
  if ((about.st_mode & S_IWOTH) != 0) {
    return problem("may be written by every user of this machine (chmod o-w " + folder.string() +
                   " takes that away)");
  }
  if ((about.st_mode & S_IWGRP) != 0) {
    log::warn("the data folder {} may be written by the group {}; chmod g-w {} takes that away",
              folder.string(), about.st_gid, folder.string());
  }
  // Root may write anywhere by permission, but not on a read-only file system: so it is tried.
  std::string probe = (folder / ".writable-XXXXXX").string();
  const int descriptor = ::mkstemp(probe.data());
  if (descriptor < 0)
    return problem("cannot be written: " + std::generic_category().message(errno));
  ::close(descriptor);
  ::unlink(probe.c_str());
  return {};
}

}  // namespace frpx::config
