#include "host/machine_id.hpp"

#include <unistd.h>

#include <set>

#include "core/file.hpp"
#include "core/hex.hpp"
#include "core/random.hpp"

namespace frpx::host {
namespace {

constexpr std::size_t id_length = 32;
constexpr std::size_t largest_id_file = 4096;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

// What a small file holds; empty if it cannot be read.
std::string contents(const std::filesystem::path& path) {
  auto text = read_file(path, largest_id_file);
  return text ? std::move(*text) : std::string();
}

// Writes a whole new file of mode 0600 and gives it its name in one step, unless the name is taken.
error_code create_whole(const std::filesystem::path& path, std::string_view text) {
  std::string draft = path.string() + "-XXXXXX";
  const int descriptor = ::mkstemp(draft.data());
  if (descriptor < 0) return last_error();
  error_code error;
  if (::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(descriptor) != 0) {
    error = last_error();
  }
  ::close(descriptor);
  if (!error && ::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) error = last_error();
  ::unlink(draft.c_str());
  return error;
}

}  // namespace

// Facts from the crate `mid` 3 (github.com/doroved/mid, src/linux.rs and src/lib.rs): it gathers
// the id from hostnamectl, /var/lib/dbus/machine-id and /etc/machine-id (the first of which prints
// the last), keeps lines of 32 hexadecimal digits once each, and joins them by `|`. Where the two
// files differ, its order is that of a hash set and changes from run to run; ours is sorted.
std::string machine_id_source(std::string_view etc_machine_id, std::string_view dbus_machine_id) {
  std::set<std::string> ids;
  for (std::string_view rest : {etc_machine_id, dbus_machine_id}) {
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string line(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.ends_with('\r')) line.pop_back();
      for (char& c : line) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      const bool is_id = line.size() == id_length &&
                         line.find_first_not_of("0123456789abcdef") == std::string::npos;
      if (is_id) ids.insert(std::move(line));
    }
  }
  std::string joined;
  for (const std::string& id : ids) (joined += joined.empty() ? "" : "|") += id;
  return joined;
}

std::string hash_machine_id(std::string_view source) {
  return to_hex(hmac_sha256("mySecretKey", source));
}

result<std::string> kept_machine_id(const std::filesystem::path& state_folder) {
  const std::filesystem::path file = state_folder / "machine-id";
  if (std::string kept = machine_id_source(contents(file), {}); !kept.empty()) return kept;
  if (const error_code error = create_whole(file, random_hex(id_length / 2) + "\n")) return error;
  // Read back: another program that started at the same moment may have been first.
  std::string kept = machine_id_source(contents(file), {});
  if (kept.empty()) return error_code(EBADMSG, boost::system::generic_category());
  return kept;
}

result<std::string> machine_id(const std::filesystem::path& state_folder) {
  const std::string own =
      machine_id_source(contents("/etc/machine-id"), contents("/var/lib/dbus/machine-id"));
  if (!own.empty()) return hash_machine_id(own);
  const result<std::string> made = kept_machine_id(state_folder);
  if (!made) return made.error();
  return hash_machine_id(*made);
}

}  // namespace frpx::host
