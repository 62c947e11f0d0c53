#include "net/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

#include <cerrno>

#include "core/log.hpp"
#include "net/error.hpp"
#include "net/socket.hpp"

namespace frpx::net {
namespace {

error_code last_error() {
  return {errno, boost::system::system_category()};
}

// IPv6 sockets take IPv4 too when the address is `::`.
error_code bind_and_listen(const endpoint& where, unique_fd& into) {
  const int family = where.protocol().family();
  unique_fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return last_error();
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  tune_stream(fd.get());  // once for all that are accepted: on Linux they inherit it
  if (where.address().is_loopback()) tune_loopback(fd.get());
  if (::bind(fd.get(), where.data(), static_cast<socklen_t>(where.size())) != 0)
    return last_error();
  if (::listen(fd.get(), SOMAXCONN) != 0) return last_error();
  into = std::move(fd);
  return {};
}

constexpr std::uint32_t turn_connections = 64;

bool out_of_descriptors(int number) {
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

}  // namespace

listener::listener(worker_pool& workers, placing where, handler on_accept)
    : listener(workers, where == placing::home ? &workers.home() : nullptr, std::move(on_accept)) {}

listener::listener(worker_pool& workers, worker* only, handler on_accept)
    : deadline(workers.home().timers()),
      workers_(workers),
      only_(only),
      on_accept_(std::make_shared<const handler>(std::move(on_accept))),
      share_(workers.home().events(), turn_connections) {}

listener::~listener() {
  stop();
}

error_code listener::open(const std::string& address, std::uint16_t port) {
  error_code failed;
  const auto ip = boost::asio::ip::make_address(address, failed);
  if (failed) return make_error_code(errc::bad_address);
  unique_fd fd;
  failed = bind_and_listen({ip, port}, fd);
  if (failed == boost::system::errc::address_family_not_supported && ip.is_v6() &&
      ip.is_unspecified()) {
    failed = bind_and_listen({boost::asio::ip::address_v4::any(), port}, fd);  // no IPv6 here
  }
  if (failed) return failed;
  port_ = local_of(fd.get()).port();
  fd_ = std::move(fd);
  if (!workers_.home().events().add(fd_.get(), *this)) return last_error();
  return {};
}

void listener::stop() {
  if (!fd_) return;
  workers_.home().events().remove(fd_.get(), *this);
  fd_.reset();
  clear();
}

void listener::on_events(std::uint32_t) {
  accept_all();
}

void listener::accept_all() {
  while (fd_) {
    if (share_.is_spent()) return workers_.home().events().schedule_later(*this);
    accepted one;
    auto size = static_cast<socklen_t>(one.peer.capacity());
    one.fd.reset(::accept4(fd_.get(), one.peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (one.fd) {
      share_.use(1);
      one.peer.resize(size);
      place(std::move(one));
    } else if (out_of_descriptors(errno)) {
      static log::rate_limit limiter(1);
      if (limiter.pass()) {
        log::error("cannot accept on port {}: {}; raise the limit (ulimit -n, LimitNOFILE=)", port_,
                   last_error().message());
      }
      return set_in(std::chrono::milliseconds(100));
    } else if (errno == EAGAIN || errno == EBADF || errno == EINVAL) {
      return;
    }  // else this one connection failed (ECONNABORTED and its like): the next
  }
}

void listener::place(accepted one) {
  worker& owner = only_ != nullptr ? *only_ : workers_.least_loaded();
  one.placed = placement(owner);
  if (&owner == &workers_.home()) return (*on_accept_)(owner, std::move(one));
  owner.post([tell = on_accept_, &owner, one = std::move(one)]() mutable {
    (*tell)(owner, std::move(one));
  });
}

}  // namespace frpx::net
