#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

namespace frpx::net {
namespace {

error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);  // best effort: an option never decides
}

void reset_on_close(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::string congestion_control_of(int fd) {
  std::array<char, 16> name{};  // TCP_CA_NAME_MAX, with the 0 behind it
  auto size = static_cast<socklen_t>(name.size());
  return ::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) == 0 ? name.data() : "";
}

template <class Call>
ssize_t retried(Call call) {
  ssize_t count;
  do count = call();
  while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

socket::socket(poller& events, unique_fd fd, bool connected, error_code failed)
    : events_(events),
      budget_(events, turn_bytes),
      fd_(std::move(fd)),
      error_(failed),
      writable_(connected) {
  if (!error_ && !events_.add(fd_.get(), *this)) error_ = system_error(errno);
  if (error_) fd_.reset();
}

socket::~socket() {
  if (read_end_ && finished_ && !error()) {
    close();
  } else {
    reset();
  }
}

read_outcome socket::read(bytes_span scratch) {
  if (error_) return {io_state::failed, {}};
  if (unread_.empty() && read_end_) return {io_state::ended, {}};
  if (unread_.empty() && !readable_) return {io_state::blocked, {}};
  if (budget_.is_spent()) return {wait_for_turn(), {}};
  if (!unread_.empty()) return read_unread(scratch);
  const ssize_t count =
      retried([&] { return ::recv(fd_.get(), scratch.data(), scratch.size(), 0); });
  if (count <= 0) return {end_reading(count), {}};
  const auto size = static_cast<std::size_t>(count);
  count_read(size);
  // A short read has emptied the socket, and what comes later raises a new edge; only what came
  // together with the bytes raises none.
  if (size < scratch.size() && !read_to_end_) readable_ = false;
  return {io_state::moved, scratch.first(size)};
}

read_outcome socket::read_unread(bytes_span scratch) {
  const auto size = std::min(scratch.size(), unread_.size());
  count_read(size);
  std::copy_n(unread_.begin(), size, scratch.begin());
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(size));
  if (unread_.empty()) std::vector<std::byte>().swap(unread_);
  return {io_state::moved, scratch.first(size)};
}

write_outcome socket::splice_into(int pipe, std::size_t most) {
  if (error_) return {io_state::failed, 0};
  if (read_end_) return {io_state::ended, 0};
  if (!readable_) return {io_state::blocked, 0};
  if (budget_.is_spent()) return {wait_for_turn(), 0};
  const ssize_t count = retried([&] {
    return ::splice(fd_.get(), nullptr, pipe, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
  if (count <= 0) return {end_reading(count), 0};
  count_read(static_cast<std::size_t>(count));
  return {io_state::moved, static_cast<std::size_t>(count)};
}

io_state socket::wait_for_turn() {
  events_.schedule_later(*this);
  return io_state::blocked;
}

// The turn has come.
void socket::run() {
  if (watching() != nullptr) watching()->on_ready({.readable = true});
}

void socket::count_read(std::size_t bytes) {
  budget_.use(std::max(static_cast<std::uint32_t>(bytes), turn_bytes / turn_reads));
}

// Why nothing was read: `count` is 0, or -1 with errno set. Once writing has met the error, the
// kernel shows what is left as if it ended in order.
io_state socket::end_reading(ssize_t count) {
  if (count == 0 && write_error_) {
    error_ = write_error_;
    return io_state::failed;
  }
  if (count == 0) {
    read_end_ = true;
    return io_state::ended;
  }
  if (errno == EAGAIN) {
    readable_ = false;
    return io_state::blocked;
  }
  error_ = system_error(errno);
  return io_state::failed;
}

write_outcome socket::write(bytes_view bytes) {
  if (error()) return {io_state::failed, 0};
  if (!writable_) return {io_state::blocked, 0};
  const ssize_t count =
      retried([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
  if (count < 0) return {refuse_writing(), 0};
  const auto size = static_cast<std::size_t>(count);
  if (size < bytes.size()) writable_ = false;
  return {io_state::moved, size};
}

write_outcome socket::write(std::span<const iovec> parts) {
  if (error()) return {io_state::failed, 0};
  if (!writable_) return {io_state::blocked, 0};
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  const ssize_t count = retried([&] { return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL); });
  if (count < 0) return {refuse_writing(), 0};
  std::size_t wanted = 0;
  for (const iovec& part : parts) wanted += part.iov_len;
  if (static_cast<std::size_t>(count) < wanted) writable_ = false;
  return {io_state::moved, static_cast<std::size_t>(count)};
}

write_outcome socket::splice_from(int pipe, std::size_t most) {
  if (error()) return {io_state::failed, 0};
  if (!writable_) return {io_state::blocked, 0};
  const ssize_t count = retried([&] {
    return ::splice(pipe, nullptr, fd_.get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
  // A short splice does not prove the socket full: the next one will.
  if (count < 0) return {refuse_writing(), 0};
  return {io_state::moved, static_cast<std::size_t>(count)};
}

// Why nothing was written, as errno has it. What the peer said before may still be read.
io_state socket::refuse_writing() {
  if (errno == EAGAIN) {
    writable_ = false;
    return io_state::blocked;
  }
  write_error_ = system_error(errno);
  readable_ = true;
  return io_state::failed;
}

void socket::finish() {
  if (!fd_ || std::exchange(finished_, true)) return;
  ::shutdown(fd_.get(), SHUT_WR);
}

void socket::reset() noexcept {
  if (!fd_) return;
  reset_on_close(fd_.get());
  if (!error_) error_ = system_error(ECONNABORTED);
  close();
}

void socket::break_off() {
  reset();
  if (watching() != nullptr) watching()->on_ready({true, true, true});
}

void socket::close() noexcept {
  events_.remove(fd_.get(), *this);
  fd_.reset();
}

error_code socket::take_connect_error() {
  if (error_) return error_;
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
  if (number != 0) error_ = system_error(number);
  return error_;
}

unique_fd socket::release() {
  if (fd_) events_.remove(fd_.get(), *this);
  return std::move(fd_);
}

void socket::on_events(std::uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLPRI)) read_to_end_ = true;
  const bool broken = (events & EPOLLERR) != 0;
  const bool was_full = !writable_;
  const bool in = broken || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0;
  const bool out = broken || (events & (EPOLLOUT | EPOLLHUP)) != 0;
  readable_ |= in;
  writable_ |= out;
  // A call that tells nothing new is spared: every arriving byte comes with EPOLLOUT set.
  const readiness what{in, out && was_full, broken, (events & EPOLLRDHUP) != 0};
  if (watching() != nullptr && (what.readable || what.writable)) watching()->on_ready(what);
}

void tune_stream(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

void tune_loopback(int fd) {
  // Every process may choose Reno, and what every connection starts with does not change under us.
  static const bool paced = congestion_control_of(fd).starts_with("bbr");
  constexpr std::string_view unpaced = "reno";
  if (paced) ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, unpaced.data(), unpaced.size());
}

void tune_control(int fd, std::chrono::milliseconds user_timeout) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
}

void tune_link(int fd, std::chrono::milliseconds user_timeout) {
  tune_control(fd, user_timeout);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 128 * 1024);
}

std::string to_string(const endpoint& address) {
  std::ostringstream text;
  const auto& ip = address.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
    text << boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6()) << ':'
         << address.port();
  } else {
    text << address;
  }
  return text.str();
}

endpoint peer_of(int fd) {
  endpoint address;
  auto size = static_cast<socklen_t>(address.capacity());
  if (::getpeername(fd, address.data(), &size) != 0) return {};
  address.resize(size);
  return address;
}

endpoint local_of(int fd) {
  endpoint address;
  auto size = static_cast<socklen_t>(address.capacity());
  if (::getsockname(fd, address.data(), &size) != 0) return {};
  address.resize(size);
  return address;
}

void reset(unique_fd fd) {
  reset_on_close(fd.get());
}

}  // namespace frpx::net
