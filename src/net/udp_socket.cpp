#include "net/udp_socket.hpp"

#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "net/error.hpp"

namespace frpx::net {
namespace {

// Bytes; then what they became leaves, and others on the worker have a turn. A link that has
// nothing to send takes twice as much.
constexpr std::size_t read_turn = 128 * 1024;
constexpr std::size_t message_cost = 128;          // as so many bytes counts an empty one
constexpr std::size_t most_segments = 64;          // what every kernel with UDP_SEGMENT takes
constexpr std::size_t most_waiting = 1024 * 1024;  // bytes, while the network takes none

error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

bool is_connected(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

bool has_segments(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  return ::getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
}

// --- control messages ----------------------------------------------------------------------------

template <class T>
T read_control(const cmsghdr& from) {
  T value;
  std::memcpy(&value, CMSG_DATA(&from), sizeof value);
  return value;
}

in6_addr mapped(in_addr address) {
  in6_addr out{};
  out.s6_addr[10] = out.s6_addr[11] = 0xff;
  std::memcpy(&out.s6_addr[12], &address, sizeof address);
  return out;
}

// What the kernel says of a message: the size of the datagrams in it, where it came to, and how
// many the socket has had no room for so far.
void read_controls(msghdr& of, std::size_t& segment, udp_route& route, std::uint32_t& overflows) {
  for (cmsghdr* at = CMSG_FIRSTHDR(&of); at != nullptr; at = CMSG_NXTHDR(&of, at)) {
    if (at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_GRO) {
      segment = static_cast<std::size_t>(read_control<int>(*at));
    } else if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_RXQ_OVFL) {
      overflows = read_control<std::uint32_t>(*at);
    } else if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
      route.local = mapped(read_control<in_pktinfo>(*at).ipi_spec_dst);
      route.has_local = true;
    } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      const auto info = read_control<in6_pktinfo>(*at);
      route.local = info.ipi6_addr;
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) route.interface = info.ipi6_ifindex;
      route.has_local = true;
    }
  }
}

// Adds one control message behind those that `to` has; its buffer is large enough for all.
template <class T>
void add_control(msghdr& to, int level, int type, const T& value) {
  auto* at =
      reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(to.msg_control) + to.msg_controllen);
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  to.msg_controllen += CMSG_SPACE(sizeof value);
}

void add_source(msghdr& to, const udp_route& route) {
  if (!route.has_local) return;
  if (route.peer.protocol().family() == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, &route.local.s6_addr[12], sizeof info.ipi_spec_dst);
    add_control(to, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    add_control(to, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo{route.local, route.interface});
  }
}

}  // namespace

udp_socket::udp_socket(udp_batches& batches, unique_fd fd, receiver& by)
    : batches_(batches),
      fd_(std::move(fd)),
      receiver_(by),
      is_connected_(is_connected(fd_.get())),
      segment_limit_(has_segments(fd_.get()) ? longest_datagram : 0),
      waiting_(most_waiting) {
  // Out of watches it stays silent, and its owner's time-out ends it.
  if (batches_.events().add(fd_.get(), *this)) batches_.events().schedule(*this);
}

udp_socket::~udp_socket() {
  batches_.forget(*this);
  batches_.events().remove(fd_.get(), *this);
}

udp_endpoint udp_socket::local() const {
  udp_endpoint address;
  auto size = static_cast<socklen_t>(address.capacity());
  if (::getsockname(fd_.get(), address.data(), &size) == 0) address.resize(size);
  return address;
}

void udp_socket::on_events(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0 && blocked_) send_waiting();
  if ((events & (EPOLLIN | EPOLLERR)) != 0) read();
}

// --- receiving -----------------------------------------------------------------------------------

void udp_socket::read() {
  udp_batches::receiving& into = batches_.in();
  for (std::size_t taken = 0; taken < read_turn;) {
    for (std::size_t i = 0; i < batch_; ++i) {
      msghdr& header = into.headers[i].msg_hdr;
      header.msg_name = is_connected_ ? nullptr : into.peers[i].data();
      header.msg_namelen = is_connected_ ? 0 : static_cast<socklen_t>(into.peers[i].capacity());
      header.msg_controllen = udp_batches::control_size;
    }
    const int count = ::recvmmsg(fd_.get(), into.headers.data(), static_cast<unsigned>(batch_),
                                 MSG_DONTWAIT, nullptr);
    if (count < 0) {
      if (errno == EAGAIN) return;
      if (errno != EINTR) receiver_.on_refused(system_error(errno));
      taken += longest_datagram;
      continue;
    }
    const std::size_t before = taken;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      taken += into.headers[i].msg_len + message_cost;
      tell(into, i);
    }
    // The call went on until nothing was left; what comes now raises a new edge.
    if (static_cast<std::size_t>(count) < batch_) return;
    const std::size_t each = (taken - before) / batch_;
    batch_ = std::clamp<std::size_t>(read_turn / each, 2, udp_batches::messages);
  }
  batches_.events().schedule_later(*this);
}

void udp_socket::tell(const udp_batches::receiving& from, std::size_t index) {
  msghdr header = from.headers[index].msg_hdr;
  bytes_view bytes(static_cast<const std::byte*>(header.msg_iov->iov_base),
                   from.headers[index].msg_len);
  std::size_t segment = bytes.size();
  udp_route route;
  const std::uint32_t before = overflows_;
  read_controls(header, segment, route, overflows_);
  if (overflows_ != before) batches_.losses().count(udp_loss::kernel, overflows_ - before);
  if (!is_connected_) {
    route.peer = from.peers[index];
    route.peer.resize(header.msg_namelen);
  }
  if (segment == 0 || segment > longest_datagram) segment = bytes.size();
  do {
    const bytes_view datagram = bytes.first(std::min(segment, bytes.size()));
    bytes = bytes.subspan(datagram.size());
    ++totals_.received;
    if (datagram.size() <= longest_datagram) receiver_.on_datagram(route, datagram);
  } while (!bytes.empty());
}

// --- sending -------------------------------------------------------------------------------------

void udp_socket::put(bytes_view datagram, const udp_route* route) {
  if (!batches_.put(*this, datagram, route)) lose(1);
}

void udp_socket::lose(std::uint64_t datagrams) {
  totals_.lost += datagrams;
  batches_.losses().count(udp_loss::queue, datagrams);
}

void udp_socket::flush(udp_batches::sending& from) {
  std::uint32_t next = std::exchange(first_, udp_batches::none);
  while (next != udp_batches::none) {
    if (blocked_) {
      wait(from.queue[next], from);
      next = from.queue[next].next;
      continue;
    }
    std::size_t count = 0;
    const std::uint32_t behind = plan(from, next, count);
    const int sent = ::sendmmsg(fd_.get(), from.headers.data(), static_cast<unsigned>(count),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      next = after_refusal(from, next);
      continue;
    }
    told_refusal_ = false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(sent); ++i) totals_.sent += from.counts[i];
    next = static_cast<std::size_t>(sent) == count ? behind
                                                   : from.firsts[static_cast<std::size_t>(sent)];
  }
}

// Makes up to 32 messages of the datagrams from `next` on; returns the first that is in none.
std::uint32_t udp_socket::plan(udp_batches::sending& from, std::uint32_t next,
                               std::size_t& count) const {
  std::size_t parts = 0;
  while (next != udp_batches::none && count < udp_batches::messages) {
    next = add_message(from, next, count, parts);
    ++count;
  }
  return next;
}

// One message of the datagram at `next`, and of those behind it that one passage can take: of the
// same route and size, but for the last, which may be shorter.
std::uint32_t udp_socket::add_message(udp_batches::sending& from, std::uint32_t next,
                                      std::size_t index, std::size_t& parts) const {
  const udp_batches::waiting& first = from.queue[next];
  msghdr& header = from.headers[index].msg_hdr;
  header = {};
  header.msg_iov = &from.parts[parts];
  header.msg_control = from.control[index].data();
  if (!is_connected_) {
    header.msg_name = const_cast<sockaddr*>(first.route.peer.data());
    header.msg_namelen = static_cast<socklen_t>(first.route.peer.size());
    add_source(header, first.route);
  }
  std::size_t total = 0;
  std::uint32_t count = 0;
  const std::byte* end = nullptr;
  std::size_t size = first.size;  // of the datagram before
  for (; next != udp_batches::none; next = from.queue[next].next) {
    const udp_batches::waiting& each = from.queue[next];
    const bool joins = count < most_segments && size == first.size && each.size > 0 &&
                       each.size <= first.size && first.size <= segment_limit_ &&
                       total + each.size <= longest_datagram && each.route == first.route;
    if (count > 0 && !joins) break;
    std::byte* const at = from.bytes.get() + each.at;
    if (count > 0 && at == end) {
      header.msg_iov[header.msg_iovlen - 1].iov_len += each.size;
    } else {
      header.msg_iov[header.msg_iovlen++] = {at, each.size};
      ++parts;
    }
    end = at + each.size;
    total += each.size;
    size = each.size;
    ++count;
  }
  if (count > 1) {
    add_control(header, IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(first.size));
  }
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  from.firsts[index] = static_cast<std::uint32_t>(&first - from.queue.data());
  from.counts[index] = count;
  return next;
}

// The first message was refused, as errno has it; returns with which datagram to go on.
std::uint32_t udp_socket::after_refusal(const udp_batches::sending& from, std::uint32_t next) {
  const int number = errno;
  if (number == EINTR) return next;
  if (number == EAGAIN) {
    blocked_ = true;
    return next;
  }
  if (from.counts[0] > 1 && (number == EINVAL || number == EMSGSIZE || number == EIO)) {
    // Larger than the way there takes in one piece, or a device that cannot cut it up.
    segment_limit_ = number == EIO ? 0 : from.queue[next].size - 1;
    return next;
  }
  if (is_connected_ && !std::exchange(told_refusal_, true)) {
    receiver_.on_refused(system_error(number));  // it was reported of one sent before
    return next;
  }
  told_refusal_ = false;
  lose(from.counts[0]);
  for (std::uint32_t i = 0; i < from.counts[0]; ++i) next = from.queue[next].next;
  return next;
}

void udp_socket::wait(const udp_batches::waiting& datagram, const udp_batches::sending& from) {
  lose(waiting_.push(std::as_bytes(std::span(&datagram.route, 1)),
                     {from.bytes.get() + datagram.at, datagram.size}));
}

// The network takes some again: what has waited goes first.
void udp_socket::send_waiting() {
  blocked_ = false;
  while (!blocked_ && !waiting_.empty()) {
    const bytes_view front = waiting_.front();
    udp_route route;
    std::memcpy(static_cast<void*>(&route), front.data(), sizeof route);
    const bytes_view datagram = front.subspan(sizeof route);
    iovec part{const_cast<std::byte*>(datagram.data()), datagram.size()};
    alignas(cmsghdr) std::array<std::byte, udp_batches::control_size> control;
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    if (!is_connected_) {
      header.msg_name = route.peer.data();
      header.msg_namelen = static_cast<socklen_t>(route.peer.size());
      add_source(header, route);
    }
    if (::sendmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      ++totals_.sent;
    } else if (errno == EAGAIN) {
      blocked_ = true;
      return;
    } else {
      lose(1);
    }
    waiting_.pop();
  }
}

// --- making them ---------------------------------------------------------------------------------

namespace {

constexpr int shared_buffer = 8 << 20;  // bytes: a port serves many
constexpr int own_buffer = 1 << 20;

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);  // best effort: an option never decides
}

// The kernel holds what arrives between two wake-ups: the default of 208 KiB is a millisecond of a
// busy port. Beyond net.core.rmem_max only with CAP_NET_ADMIN.
void set_buffers(int fd, int size) {
  set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
  set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, size);
  set_option(fd, SOL_SOCKET, SO_SNDBUF, size);
  set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, size);
}

result<unique_fd> make_udp(int family, int buffer) {
  unique_fd fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error(errno);
  set_buffers(fd.get(), buffer);
  set_option(fd.get(), IPPROTO_UDP, UDP_GRO, 1);
  set_option(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, 1);
  return fd;
}

result<unique_fd> bind_to(const udp_endpoint& where, bool shares) {
  const int family = where.protocol().family();
  auto fd = make_udp(family, shared_buffer);
  if (!fd) return fd;
  if (family == AF_INET6) set_option(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (where.address().is_unspecified()) {
    if (family == AF_INET6) set_option(fd->get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    if (family == AF_INET) set_option(fd->get(), IPPROTO_IP, IP_PKTINFO, 1);
  }
  if (shares) set_option(fd->get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd->get(), where.data(), static_cast<socklen_t>(where.size())) != 0) {
    return system_error(errno);
  }
  return fd;
}

}  // namespace

result<unique_fd> bind_udp(const std::string& address, std::uint16_t port) {
  error_code failed;
  const auto ip = boost::asio::ip::make_address(address, failed);
  if (failed) return make_error_code(errc::bad_address);
  auto fd = bind_to({ip, port}, false);
  if (!fd && fd.error() == boost::system::errc::address_family_not_supported && ip.is_v6() &&
      ip.is_unspecified()) {
    return bind_to({boost::asio::ip::address_v4::any(), port}, false);  // no IPv6 here
  }
  return fd;
}

// The port was bound without sharing, which proved it free; only then is it opened to our own.
result<unique_fd> share_udp(const unique_fd& first) {
  set_option(first.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  udp_endpoint where;
  auto size = static_cast<socklen_t>(where.capacity());
  if (::getsockname(first.get(), where.data(), &size) != 0) return system_error(errno);
  where.resize(size);
  return bind_to(where, true);
}

result<unique_fd> connect_udp(const udp_endpoint& peer) {
  auto fd = make_udp(peer.protocol().family(), own_buffer);
  if (!fd) return fd;
  if (::connect(fd->get(), peer.data(), static_cast<socklen_t>(peer.size())) != 0) {
    return system_error(errno);
  }
  return fd;
}

}  // namespace frpx::net
