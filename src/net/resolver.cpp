#include "net/resolver.hpp"

#include <ares.h>
#include <netdb.h>
#include <poll.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/error.hpp"

namespace frpx::net {
namespace {

using addresses = std::vector<endpoint>;

constexpr std::size_t longest_name = 253;  // RFC 1035, section 2.3.4, without the dot at the end
constexpr std::size_t most_addresses = 16;

bool may_be_name(const std::string& host) {
  return !host.empty() && host.size() <= longest_name &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

error_code explain(int status) {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
      return errc::unknown_host;
    case ARES_EBADNAME:
      return errc::bad_address;
    default:
      return errc::name_server;
  }
}

/// One look-up, run to its end on a thread that may block.
class look_up {
 public:
  look_up(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  look_up(const look_up&) = delete;
  look_up& operator=(const look_up&) = delete;
  ~look_up() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  result<addresses> run(const std::string& servers, const std::atomic<bool>& stopped,
                        steady_time until) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    if (library != ARES_SUCCESS || ares_init(&channel_) != ARES_SUCCESS) return errc::name_server;
    if (!servers.empty() && ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS) {
      return errc::name_server;
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host_.c_str(), nullptr, &hints, &look_up::on_answer, this);
    while (!answer_) {
      if (stopped) return error_code(boost::asio::error::operation_aborted);
      if (steady_clock::now() >= until) return errc::late;
      wait_and_process();
    }
    return std::move(*answer_);
  }

 private:
  // Called once; at the latest, to no avail, when the channel is destroyed.
  static void on_answer(void* self, int status, int, ares_addrinfo* found) {
    static_cast<look_up*>(self)->take(status, found);
    if (found != nullptr) ares_freeaddrinfo(found);
  }

  void take(int status, const ares_addrinfo* found) {
    if (status != ARES_SUCCESS) {
      answer_.emplace(explain(status));
      return;
    }
    addresses all;
    for (auto* each = found->nodes; each != nullptr && all.size() < most_addresses;
         each = each->ai_next) {
      endpoint one;
      if (each->ai_addrlen > one.capacity()) continue;
      std::memcpy(one.data(), each->ai_addr, each->ai_addrlen);
      one.resize(each->ai_addrlen);
      one.port(port_);
      all.push_back(one);
    }
    if (all.empty()) {
      answer_.emplace(errc::unknown_host);
    } else {
      answer_.emplace(std::move(all));
    }
  }

  // At most 100 ms, so that a stop or the deadline is seen soon.
  void wait_and_process() {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
    const int wanted = ares_getsock(channel_, sockets.data(), ARES_GETSOCK_MAXNUM);
    std::array<pollfd, ARES_GETSOCK_MAXNUM> polled;
    nfds_t count = 0;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const bool in = ARES_GETSOCK_READABLE(wanted, i);
      const bool out = ARES_GETSOCK_WRITABLE(wanted, i);
      if (!in && !out) continue;
      polled[count++] = {sockets[i], static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0)),
                         0};
    }
    timeval longest{0, 100'000};
    timeval sooner;
    const timeval& next = *ares_timeout(channel_, &longest, &sooner);  // one of the two
    ::poll(polled.data(), count, static_cast<int>(next.tv_sec * 1000 + next.tv_usec / 1000 + 1));
    for (nfds_t i = 0; i < count; ++i) {
      const pollfd& each = polled[i];
      if (each.revents == 0) continue;
      ares_process_fd(channel_, each.events & POLLIN ? each.fd : ARES_SOCKET_BAD,
                      each.revents & POLLOUT ? each.fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
  }

  const std::string host_;
  const std::uint16_t port_;
  ares_channel channel_ = nullptr;
  std::optional<result<addresses>> answer_;
};

}  // namespace

boost::asio::awaitable<result<addresses>> resolver::resolve(std::string host, std::uint16_t port,
                                                            steady_clock::duration patience) {
  error_code not_literal;
  const auto literal = boost::asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return addresses{endpoint(literal, port)};
  if (!may_be_name(host)) co_return make_error_code(errc::bad_address);
  co_return co_await pool_.run(
      [host = std::move(host), port, servers = servers_, stopped = stopped_,
       until = steady_clock::now() + patience]() mutable {
        return look_up(std::move(host), port).run(servers, *stopped, until);
      },
      patience);
}

}  // namespace frpx::net
