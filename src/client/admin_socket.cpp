#include "client/admin_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>

#include "core/hex.hpp"
#include "net/fd.hpp"
#include "net/socket.hpp"
#include "net/wakeup.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_at_once = 16;
constexpr std::size_t longest_word = 64;
constexpr auto patience = std::chrono::seconds(5);  // for who asks to say its word, and to read

error_code last_error() {
  return {errno, boost::system::system_category()};
}

// The address of a Unix socket. Error: the path is too long for one.
result<sockaddr_un> address_of(const std::filesystem::path& where) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = where.string();
  if (path.size() >= sizeof address.sun_path) {
    return make_error_code(boost::system::errc::filename_too_long);
  }
  path.copy(address.sun_path, path.size());
  return address;
}

// A blocking connection to the socket, or why there is none.
result<net::unique_fd> connect_to(const std::filesystem::path& where) {
  const auto address = address_of(where);
  if (!address) return address.error();
  net::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return last_error();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return last_error();
  }
  return fd;
}

}  // namespace

admin_socket::admin_socket(net::worker& on, handler answer)
    : on_(on), answer_(std::move(answer)), tasks_(on.loop()) {}

error_code admin_socket::open(const std::filesystem::path& where) {
  if (connect_to(where)) return make_error_code(boost::system::errc::address_in_use);
  const auto address = address_of(where);
  if (!address) return address.error();
  std::error_code ignored;
  std::filesystem::remove(where, ignored);
  net::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return last_error();
  // Between bind and chmod nobody may come in either: nobody listens yet.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::chmod(where.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(fd.get(), SOMAXCONN) != 0 ||
      !on_.events().add(fd.get(), *this)) {
    return last_error();
  }
  listening_ = std::move(fd);
  where_ = where;
  return {};
}

void admin_socket::stop() {
  if (!listening_) return;
  on_.events().remove(listening_.get(), *this);
  listening_.reset();
  ::unlink(where_.c_str());
  tasks_.cancel();
}

void admin_socket::on_events(std::uint32_t) {
  while (listening_) {
    net::unique_fd one(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!one) return;
    if (tasks_.size() < most_at_once) tasks_.spawn(serve(std::move(one)));
  }
}

asio::awaitable<void> admin_socket::serve(net::unique_fd one) {
  net::wakeup bell(on_.events());
  net::stream_watch watch(bell);
  net::alarm late(on_.timers(), bell);
  net::socket socket(on_.events(), std::move(one));
  socket.watch(&watch);
  late.set_in(patience);
  std::string line;
  while (line.find('\n') == line.npos) {
    std::byte some[longest_word];
    const auto got = socket.read(some);
    if (got.state == net::io_state::moved) line += as_text(got.bytes);
    const bool is_over = got.state == net::io_state::ended || got.state == net::io_state::failed;
    if (is_over || line.size() > longest_word || late.rang()) co_return;
    if (got.state == net::io_state::blocked) co_await bell.wait();
  }
  const admin_answer said = co_await answer_(line.substr(0, line.find('\n')));
  const std::string text = std::to_string(said.exit_code) + "\n" + said.text;
  late.set_in(patience);
  for (auto left = as_bytes(text); !left.empty() && !late.rang();) {
    const auto sent = socket.write(left);
    if (sent.state == net::io_state::failed) co_return;
    left = left.subspan(sent.bytes);
    if (sent.state == net::io_state::blocked) co_await bell.wait();
  }
  socket.finish();
  std::byte rest[longest_word];
  while (!late.rang() && socket.read(rest).state == net::io_state::blocked) co_await bell.wait();
}

std::filesystem::path admin_path(const std::filesystem::path& data_dir,
                                 const std::string& client_id) {
  const digest hash = sha256(client_id);
  return data_dir / ("frpc-" + to_hex(bytes_view(hash).first(8)) + ".sock");
}

result<admin_answer> ask_client(const std::filesystem::path& where, const std::string& word,
                                std::chrono::milliseconds wait) {
  auto fd = connect_to(where);
  if (!fd) return fd.error();
  const timeval late{wait.count() / 1000, wait.count() % 1000 * 1000};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &late, sizeof late);
  const std::string line = word + "\n";
  if (::send(fd->get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) return last_error();
  std::string said;
  for (char buffer[4096];;) {
    const ssize_t count = ::recv(fd->get(), buffer, sizeof buffer, 0);
    if (count < 0) return last_error();
    if (count == 0) break;
    said.append(buffer, static_cast<std::size_t>(count));
  }
  admin_answer answer;
  const auto end = said.find('\n');
  const auto [_, bad] =
      std::from_chars(said.data(), said.data() + std::min(end, said.size()), answer.exit_code);
  if (end == said.npos || bad != std::errc()) {
    return make_error_code(boost::system::errc::protocol_error);
  }
  answer.text = said.substr(end + 1);
  return answer;
}

}  // namespace frpx::client
