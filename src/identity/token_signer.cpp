#include "identity/token_signer.hpp"

#include <fcntl.h>
#include <jwt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "core/file.hpp"
#include "core/names.hpp"
#include "core/random.hpp"

namespace frpx::identity {
namespace {

constexpr std::size_t shortest_secret = 32;
constexpr std::size_t longest_secret = 4096;

struct free_jwt {
  void operator()(jwt_t* raw) const { jwt_free(raw); }
};
using jwt_pointer = std::unique_ptr<jwt_t, free_jwt>;

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

long seconds_of(wall_time time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

const unsigned char* bytes_of(const secret& of) {
  return reinterpret_cast<const unsigned char*>(of.reveal().data());
}

// A member that must be a number of seconds.
result<wall_time> time_claim(jwt_t* from, const char* name) {
  errno = 0;
  const long value = jwt_get_grant_int(from, name);
  constexpr long year_2262 = 9'214'646'400;  // beyond it nanoseconds overflow
  if (errno != 0 || value <= 0 || value > year_2262) return errc::invalid_token;
  return wall_time(std::chrono::seconds(value));
}

result<std::string> name_claim(jwt_t* from, const char* name) {
  const char* value = jwt_get_grant(from, name);
  if (!value || !is_name(value)) return errc::invalid_token;
  return std::string(value);
}

bool write_whole(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(to, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(to) == 0;
}

// Puts a file of its own name beside `file` and links it there: who finds `file` finds all of it,
// and who comes second fails.
bool make_secret_file(const std::filesystem::path& file) {
  const std::string temporary = file.string() + "." + random_hex(8);
  bool written = false;
  {
    const descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out) return false;
    const secret text(random_hex(shortest_secret) + "\n");
    written = write_whole(out.get(), text.reveal());
  }
  const bool linked = written && (::link(temporary.c_str(), file.c_str()) == 0 || errno == EEXIST);
  ::unlink(temporary.c_str());
  return linked;
}

}  // namespace

result<secret> token_signer::sign(const claims& of) const {
  jwt_t* raw = nullptr;
  if (jwt_new(&raw) != 0) return errc::failed;
  const jwt_pointer token(raw);
  const bool filled = jwt_add_grant(raw, "sub", of.user_id.c_str()) == 0 &&
                      jwt_add_grant(raw, "jti", of.token_id.c_str()) == 0 &&
                      jwt_add_grant_int(raw, "iat", seconds_of(of.issued)) == 0 &&
                      jwt_add_grant_int(raw, "exp", seconds_of(of.expires)) == 0 &&
                      jwt_set_alg(raw, JWT_ALG_HS256, bytes_of(secret_),
                                  static_cast<int>(secret_.reveal().size())) == 0;
  if (!filled) return errc::failed;
  char* text = jwt_encode_str(raw);
  if (!text) return errc::failed;
  secret out{std::string(text)};
  std::free(text);
  return out;
}

result<claims> token_signer::read(const secret& token, wall_time now) const {
  const std::string& text = token.reveal();
  if (text.empty() || text.size() > longest_token || text.find('\0') != std::string::npos) {
    return errc::invalid_token;
  }
  jwt_t* raw = nullptr;
  if (jwt_decode(&raw, text.c_str(), bytes_of(secret_),
                 static_cast<int>(secret_.reveal().size())) != 0) {
    return errc::invalid_token;
  }
  const jwt_pointer decoded(raw);
  // The header must not choose how it is verified (RFC 8725, 3.1).
  if (jwt_get_alg(raw) != JWT_ALG_HS256) return errc::invalid_token;
  const auto user_id = name_claim(raw, "sub");
  const auto token_id = name_claim(raw, "jti");
  const auto issued = time_claim(raw, "iat");
  const auto expires = time_claim(raw, "exp");
  if (!user_id || !token_id || !issued || !expires || *expires <= now) return errc::invalid_token;
  return claims{*user_id, *token_id, *issued, *expires};
}

result<secret> load_signing_secret(const std::filesystem::path& file) {
  auto text = read_file(file, longest_secret);
  if (!text) return errc::bad_secret_file;
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->size() < shortest_secret) return errc::bad_secret_file;
  return secret(std::move(*text));
}

result<secret> load_or_make_signing_secret(const std::filesystem::path& file) {
  if (::access(file.c_str(), F_OK) != 0 && !make_secret_file(file)) return errc::bad_secret_file;
  return load_signing_secret(file);
}

}  // namespace frpx::identity
