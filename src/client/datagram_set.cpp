#include "client/datagram_set.hpp"

#include <optional>
#include <utility>

#include "client/proxy_connection.hpp"
#include "net/datagram_queue.hpp"
#include "net/framed_datagrams.hpp"
#include "net/udp_socket.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_held = 16 * 1024;

}  // namespace

/// One visitor's datagrams, both ways. A name may have several addresses, and nothing but a refusal
/// tells at which of them the service is: until one has answered, the first datagrams are kept, and
/// a refusal leads to the next address.
class datagram_set::association final : public net::idle_list::member,
                                        private net::datagram_stream::watcher,
                                        private net::udp_socket::receiver,
                                        private net::poller::task {
 public:
  association(datagram_set& owner, std::unique_ptr<net::datagram_stream> from_server,
              std::shared_ptr<local_service> service)
      : owner_(owner), from_server_(std::move(from_server)), service_(std::move(service)) {
    from_server_->watch(this);
    note();
  }

  /// The local service was found: what was held goes there. False when it cannot be reached.
  bool reach(std::vector<net::endpoint> addresses) {
    addresses_ = std::move(addresses);
    return reach_next();
  }
  /// Nothing is told to it from now on.
  void close() {
    net::idle_list::member::unlink();
    from_server_.reset();
    socket_.reset();
  }
  bool is_closed() const { return from_server_ == nullptr; }

  std::size_t place = 0;  // in the owner's list

 private:
  bool reach_next() {
    socket_.reset();
    while (tried_ < addresses_.size()) {
      const net::endpoint& next = addresses_[tried_++];
      auto fd = net::connect_udp({next.address(), next.port()});
      if (!fd) {
        owner_.say_trouble("reach the local service", fd.error());
        continue;
      }
      net::udp_socket::receiver& hears = *this;
      socket_.emplace(owner_.on_.udp(), std::move(*fd), hears);
      held_.each([this](bytes_view datagram) { socket_->send(datagram); });
      if (tried_ == addresses_.size()) settle();
      return true;
    }
    return false;
  }
  void settle() {
    is_settled_ = true;
    held_.clear();
  }

  // From the server.
  void on_datagram(bytes_view datagram) override {
    note();
    if (socket_) socket_->send(datagram);
    if (!is_settled_) held_.push(datagram);
  }
  void on_gone(error_code) override { owner_.end(*this); }
  // From the local service.
  void on_datagram(const net::udp_route&, bytes_view datagram) override {
    note();
    if (!is_settled_) settle();
    from_server_->send(datagram);
  }
  void on_refused(error_code why) override {
    owner_.say_trouble("reach the local service", why);
    service_->forget();  // the next visitor's datagrams go where it is by then
    if (!is_settled_) owner_.on_.events().schedule(*this);
  }
  void run() override {
    if (!is_closed() && !is_settled_ && !reach_next()) owner_.end(*this);
  }
  void on_idle() override { owner_.end(*this); }

  void note() { owner_.idle_.touch(*this, steady_clock::now()); }

  datagram_set& owner_;
  std::unique_ptr<net::datagram_stream> from_server_;
  const std::shared_ptr<local_service> service_;
  std::vector<net::endpoint> addresses_;
  std::size_t tried_ = 0;
  bool is_settled_ = false;
  std::optional<net::udp_socket> socket_;
  net::datagram_queue held_{most_held};
};

datagram_set::datagram_set(net::worker& on, datagram_limits limits)
    : on_(on), limits_(limits), idle_(on.timers(), limits.idle), tasks_(on.loop()) {}

datagram_set::~datagram_set() = default;

void datagram_set::order(std::string id, std::shared_ptr<local_service> service) {
  if (tasks_.size() < limits_.connecting) {
    tasks_.spawn(bring(std::move(id), std::move(service)));
  } else if (trouble_.pass()) {
    log::warn("Too many associations are being opened, one is left to the server's deadline{}",
              trouble_.more());
  }
}

asio::awaitable<void> datagram_set::bring(std::string id, std::shared_ptr<local_service> service) {
  auto socket =
      co_await connect_proxy(on_, proxy_, wire::new_proxy_conn{id}, limits_.server_connect);
  if (!socket) co_return say_trouble("reach the server's proxy port", socket.error());
  if (!service) co_return;
  join_datagrams(std::make_unique<net::framed_datagrams>(on_, std::move(*socket)),
                 std::move(service));
}

bool datagram_set::join_datagrams(std::unique_ptr<net::datagram_stream> from_server,
                                  std::shared_ptr<local_service> service) {
  if (associations_.size() >= most_streams()) return false;
  auto fresh = std::make_shared<association>(*this, std::move(from_server), service);
  fresh->place = associations_.size();
  associations_.push_back(fresh);
  if (const auto known = service->known()) {
    const bool is_reached = fresh->reach(*known);
    if (!is_reached) end(*fresh);
    return is_reached;
  }
  tasks_.spawn(find_service(std::move(fresh), std::move(service)));
  return true;
}

asio::awaitable<void> datagram_set::find_service(std::shared_ptr<association> of,
                                                 std::shared_ptr<local_service> service) {
  const auto found = co_await service->find(limits_.local_connect);
  if (of->is_closed()) co_return;
  if (!found) say_trouble("find the local service", found.error());
  if (!found || !of->reach(*found)) end(*of);
}

void datagram_set::end(association& which) {
  const std::size_t place = which.place;
  std::swap(associations_[place], associations_.back());
  associations_[place]->place = place;
  const auto gone = std::move(associations_.back());
  associations_.pop_back();
  gone->close();
}

void datagram_set::reset_all() {
  tasks_.cancel();
  while (!associations_.empty()) end(*associations_.back());
}

void datagram_set::say_trouble(const char* with, const error_code& why) {
  if (trouble_.pass()) log::warn("Cannot {}: {}{}", with, why.message(), trouble_.more());
}

}  // namespace frpx::client
