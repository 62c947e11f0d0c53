#include "tunnel/udp_visitor.hpp"

#include "core/log.hpp"
#include "core/names.hpp"

namespace frpx::tunnel {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_held = 16 * 1024;
constexpr steady_clock::duration pause_after_failure = 1s;

// A datagram is carried as a whole or not at all; what it takes beyond the allowance the next ones
// wait for.
bool may_pass(net::token_bucket* bucket, std::size_t bytes, steady_time now) {
  if (bucket == nullptr) return true;
  if (bucket->available(now) == 0) return false;
  bucket->take(bytes, now);
  return true;
}

}  // namespace

udp_visitor::udp_visitor(udp_gate& at, const net::udp_route& route)
    : of_(at.of_), on_(at.on_), gate_(&at), route_(route), held_(most_held) {}

udp_visitor::~udp_visitor() {
  serve_by(nullptr);
  of_->leave();
}

void udp_visitor::take(const net::udp_route& route, bytes_view datagram, steady_time now) {
  note(now);
  if (!may_pass(of_->bucket(direction::to_service), datagram.size(), now)) {
    return lose(net::udp_loss::limit, 1);
  }
  route_ = route;  // it may ask another of our addresses now
  if (stream_ != nullptr) return pass_on(datagram);
  lose(net::udp_loss::queue, held_.push(datagram));
  if (opening_ || now < open_after_) return;
  opening_ = true;
  on_.tasks().spawn(open(gate_->share(*this)));
}

// Has one of the clients bring a stream, and not the one whose stream ended just now, if there is
// another.
asio::awaitable<void> udp_visitor::open(std::shared_ptr<udp_visitor> self) {
  const std::string address = net::to_string(self->route_.peer);
  const auto clients = self->of_->clients(self->on_);
  std::vector<bool> tried(clients->size());
  for (std::size_t i = 0; i < tried.size(); ++i) {
    tried[i] = tried.size() > 1 && (*clients)[i].client->facts().number == self->failed_client_;
  }
  while (self->gate_ != nullptr) {
    const auto next = clients->choose(self->on_.random(), tried, self->route_.peer.address());
    if (!next) break;
    tried[*next] = true;
    const auto client = (*clients)[*next].client;
    auto stream =
        co_await client->open_datagrams(self->on_, {.service = self->of_->what().name,
                                                    .visitor = address,
                                                    .kind = service_kind::udp,
                                                    .patience = self->gate_->how_.stream});
    if (self->gate_ == nullptr) co_return;
    if (stream) {
      self->serve_by(client);
      co_return self->start(std::move(*stream));
    }
    log::debug("client {} brought no stream for port {}: {}", shown(client->facts().client_id),
               self->of_->port(), stream.error().message());
  }
  self->opening_ = false;
  self->failed_client_ = 0;
  self->drop_held();
  self->open_after_ = steady_clock::now() + pause_after_failure;
}

void udp_visitor::start(std::unique_ptr<net::datagram_stream> stream) {
  opening_ = false;
  opened_ = steady_clock::now();
  stream_ = std::move(stream);
  stream_->watch(this);
  for (; !held_.empty(); held_.pop()) pass_on(held_.front());
}

void udp_visitor::pass_on(bytes_view datagram) {
  of_->count(on_, direction::to_service, datagram.size());
  stream_->send(datagram);
}

void udp_visitor::on_datagram(bytes_view datagram) {
  const steady_time now = steady_clock::now();
  answered_ = true;
  failed_client_ = 0;
  note(now);
  if (!may_pass(of_->bucket(direction::to_visitor), datagram.size(), now)) {
    return lose(net::udp_loss::limit, 1);
  }
  of_->count(on_, direction::to_visitor, datagram.size());
  gate_->socket_.send(datagram, route_);
}

// The visitor's next datagram finds another client; but where one stream after another ends without
// an answer, there is a pause.
void udp_visitor::on_gone(error_code why) {
  log::debug("port {}: the stream of {} has ended: {}", of_->port(), net::to_string(route_.peer),
             why.message());
  if (failed_client_ != 0) open_after_ = opened_ + pause_after_failure;
  failed_client_ = client_->facts().number;
  serve_by(nullptr);
  stream_.reset();
}

void udp_visitor::on_idle() {
  gate_->end(*this);
}

void udp_visitor::lose(net::udp_loss why, std::uint64_t datagrams) {
  on_.udp().losses().count(why, datagrams);
}

// Nobody serves it now.
void udp_visitor::drop_held() {
  std::uint64_t count = 0;
  held_.each([&](bytes_view) { ++count; });
  lose(net::udp_loss::queue, count);
  held_.clear();
}

void udp_visitor::note(steady_time now) {
  (answered_ ? gate_->answered_ : gate_->unanswered_).touch(*this, now);
}

void udp_visitor::serve_by(std::shared_ptr<session> client) {
  if (client_) client_->in_flight.fetch_sub(1, std::memory_order_relaxed);
  client_ = std::move(client);
  if (client_) client_->in_flight.fetch_add(1, std::memory_order_relaxed);
}

void udp_visitor::end() {
  unlink();
  gate_ = nullptr;
  stream_.reset();
  drop_held();
}

}  // namespace frpx::tunnel
