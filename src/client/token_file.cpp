#include "client/token_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>

#include "client/errc.hpp"
#include "core/random.hpp"
#include "net/fd.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {
namespace {

namespace json = boost::json;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

result<std::string> read_all(int fd) {
  std::string text(largest_token_file + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > largest_token_file) return errc::token_file_too_large;
  text.resize(size);
  return text;
}

error_code write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(fd) == 0 ? error_code() : last_error();
}

// The text of a field that may be missing; a field of another type is as good as missing.
std::string text_of(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains(name);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

result<kept_token> parse(std::string_view text) {
  error_code failed;
  const json::value root = json::parse(text, failed);
  if (failed || !root.is_object()) return errc::token_file_not_json;
  const json::object& object = root.get_object();
  kept_token kept{secret(text_of(object, "token")), text_of(object, "server"),
                  text_of(object, "email")};
  if (kept.token.empty() || kept.token.reveal().size() > wire::longest_secret) {
    return errc::token_file_without_token;
  }
  return kept;
}

}  // namespace

bool kept_token::fits(const std::string& to_server, const std::string& for_email) const {
  return (server.empty() || server == to_server) &&
         (email.empty() || for_email.empty() || email == for_email);
}

result<std::optional<kept_token>> load_token(const std::filesystem::path& file) {
  // Not to hang on a pipe that somebody put there.
  const net::unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::optional<kept_token>();
  if (!fd) return last_error();
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0) return last_error();
  if (!S_ISREG(about.st_mode)) return errc::token_file_not_a_file;
  const result<std::string> text = read_all(fd.get());
  if (!text) return text.error();
  result<kept_token> kept = parse(*text);
  if (!kept) return kept.error();
  return std::optional<kept_token>(std::move(*kept));
}

result<void> save_token(const std::filesystem::path& file, const kept_token& kept) {
  const std::string text = json::serialize(
      json::object{{"token", kept.token.reveal()}, {"server", kept.server}, {"email", kept.email}});
  std::filesystem::path fresh = file;
  fresh += "." + random_hex(8);
  net::unique_fd fd(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return last_error();
  error_code failed = write_all(fd.get(), text);
  if (!failed && ::rename(fresh.c_str(), file.c_str()) != 0) failed = last_error();
  if (!failed) return {};
  ::unlink(fresh.c_str());
  return failed;
}

}  // namespace frpx::client
