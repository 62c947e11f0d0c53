#include "core/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/random.hpp"

namespace frpx {
namespace {

const char* explain(file_errc value) {
  switch (value) {
    case file_errc::not_regular:
      return "not a regular file";
    case file_errc::too_large:
      return "the file is too large";
  }
  return "unknown";
}

error_code last_error() {
  return {errno, boost::system::system_category()};
}

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
  const int fd_;
};

result<std::string> read_all(int from, std::size_t most) {
  constexpr std::size_t step = 64 * 1024;
  std::string text;
  for (;;) {
    const std::size_t had = text.size();
    text.resize(std::min(had + step, most + 1));
    const ssize_t count = ::read(from, text.data() + had, text.size() - had);
    if (count < 0 && errno != EINTR) return last_error();
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (text.size() > most) return file_errc::too_large;
    if (count == 0) return text;
  }
}

error_code write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(to, text.data(), text.size());
    if (count < 0 && errno != EINTR) return last_error();
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return ::fsync(to) == 0 ? error_code() : last_error();
}

}  // namespace

error_code make_error_code(file_errc value) {
  return error_of<file_errc, explain>("file", value);
}

result<std::string> read_file(const std::filesystem::path& path, std::size_t most) {
  const descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return last_error();
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0) return last_error();
  if (!S_ISREG(about.st_mode)) return file_errc::not_regular;
  return read_all(fd.get(), most);
}

error_code replace_file(const std::filesystem::path& path, std::string_view text, ::mode_t mode) {
  const std::string fresh = path.string() + "." + random_hex(8);
  error_code failed;
  {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const descriptor fd(::open(fresh.c_str(), flags, mode));
    if (!fd) return last_error();
    failed = write_all(fd.get(), text);
  }
  if (!failed && ::rename(fresh.c_str(), path.c_str()) != 0) failed = last_error();
  if (failed) ::unlink(fresh.c_str());
  return failed;
}

}  // namespace frpx
