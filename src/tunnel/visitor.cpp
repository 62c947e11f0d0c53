#include "tunnel/visitor.hpp"

#include "core/log.hpp"
#include "core/names.hpp"
#include "net/metered_stream.hpp"
#include "net/wakeup.hpp"
#include "tunnel/hooked_stream.hpp"
#include "tunnel/proxy_protocol.hpp"

namespace frpx::tunnel {

namespace asio = boost::asio;

void visitor_rings::enter(visitor& one) {
  visitor*& first = first_[one.on_.index()];
  one.next_ = first;
  if (first != nullptr) first->previous_ = &one;
  first = &one;
}

void visitor_rings::leave(visitor& one) {
  if (one.next_ != nullptr) one.next_->previous_ = one.previous_;
  (one.previous_ != nullptr ? one.previous_->next_ : first_[one.on_.index()]) = one.next_;
}

void visitor_rings::end_all(const net::worker& on) {
  for (visitor* each = first_[on.index()]; each != nullptr; each = each->next_) each->abort();
}

void visitor_rings::note_bytes(const net::worker& on) {
  for (visitor* each = first_[on.index()]; each != nullptr; each = each->next_) {
    if (const net::relay* const moves = each->relay_) {
      each->note_bytes(moves->from_visitor(), moves->from_service());
    }
  }
}

/// What stands in the frame of the coroutine that opens a stream, and not in every visitor.
struct visitor::opening {
  explicit opening(visitor& of)
      : who(of), bell(of.on_.events()), watch(bell), late(of.on_.timers(), bell) {
    who.opening_ = this;
    who.connection_->watch(&watch);
  }
  opening(const opening&) = delete;
  ~opening() {
    who.opening_ = nullptr;
    if (who.connection_) who.connection_->watch(nullptr);
  }
  bool visitor_is_gone() const { return who.aborted_ || watch.broken(); }

  visitor& who;
  net::wakeup bell;
  net::stream_watch watch;
  net::alarm late;
};

void visitor::come(std::shared_ptr<visitor_rings> among, net::worker& on, net::accepted one,
                   net::admission::ticket place) {
  std::unique_ptr<visitor> who(new visitor(std::move(among), on, std::move(one), std::move(place)));
  on.tasks().spawn(serve(std::move(who)));
}

visitor::visitor(std::shared_ptr<visitor_rings> among, net::worker& on, net::accepted one,
                 net::admission::ticket place)
    : among_(std::move(among)),
      on_(on),
      place_(std::move(place)),
      placed_(std::move(one.placed)),
      remote_(std::move(one.peer)),
      local_(net::local_of(one.fd.get())) {
  connection_ = std::make_unique<net::socket>(on_.events(), std::move(one.fd));
  among_->enter(*this);
}

visitor::~visitor() {
  among_->leave(*this);
  if (came_) survives([&](hooks& told) { told.on_visitor_leaving(*this); });
  serve_by(nullptr);
  of().leave();
}

// Runs a hook, if there are any; false when it threw, which ends the visitor.
template <class F>
bool visitor::survives(F hook) {
  hooks* const told = of().hears();
  if (told == nullptr) return true;
  try {
    hook(*told);
    return true;
  } catch (const std::exception& fault) {
    log::error("a hook failed about a visitor of port {}: {}", of().port(), fault.what());
  } catch (...) {
    log::error("a hook failed about a visitor of port {}", of().port());
  }
  return false;
}

void visitor::abort() {
  if (std::exchange(aborted_, true)) return;
  on_.events().schedule(*this);
}

void visitor::run() {
  if (opening_ != nullptr) return opening_->bell.ring();
  if (relay_ != nullptr) relay_->reset();
}

asio::awaitable<void> visitor::serve(std::unique_ptr<visitor> one) {
  one->came_ = true;
  if (!one->survives([&](hooks& told) { told.on_visitor_coming(*one); })) co_return;
  if (auto service = co_await one->open_stream()) join(std::move(one), std::move(service));
}

// A stream to the first client that has one; null when there is none, or the visitor has gone.
asio::awaitable<std::unique_ptr<net::stream>> visitor::open_stream() {
  opening here(*this);
  const auto clients = of().clients(on_);
  const std::string address = net::to_string(remote_);
  std::vector<bool> tried(clients->size());
  std::size_t left = clients->size();
  const steady_time give_up = steady_clock::now() + among_->how().stream_total;
  while (!here.visitor_is_gone() && steady_clock::now() < give_up) {
    const auto next = clients->choose(on_.random(), tried, remote_.address());
    if (!next) break;
    tried[*next] = true;
    serve_by((*clients)[*next].client);
    auto service = co_await client_->open(on_, {.service = of().what().name,
                                                .visitor = address,
                                                .kind = of().what().kind,
                                                .patience = among_->how().stream});
    if (!service) {
      log::debug("client {} brought no stream for port {}: {}", shown(client_->facts().client_id),
                 of().port(), service.error().message());
      continue;
    }
    // With nobody left to try, nothing is gained by waiting for the client's word.
    if (--left == 0 || co_await is_confirmed(here, *service)) {
      if (here.visitor_is_gone()) co_return nullptr;
      co_return std::move(*service);
    }
  }
  co_return nullptr;
}

// Whether the client reached its service; no byte of the visitor's is sent before, so that another
// client may be tried.
asio::awaitable<bool> visitor::is_confirmed(opening& here, std::unique_ptr<net::stream>& service) {
  net::stream_watch watch(here.bell);
  service->watch(&watch);
  here.late.set_in(among_->how().confirmation);
  while (!service->confirmed() && !service->error() && !here.late.rang() &&
         !here.visitor_is_gone()) {
    co_await here.bell.wait();
  }
  service->watch(nullptr);
  co_return service->confirmed() && !service->error();
}

void visitor::serve_by(std::shared_ptr<session> client) {
  if (client_) client_->in_flight.fetch_sub(1, std::memory_order_relaxed);
  client_ = std::move(client);
  if (client_) client_->in_flight.fetch_add(1, std::memory_order_relaxed);
}

// The stream as the relay is to see it: itself, unless something must be done to its bytes.
std::unique_ptr<net::stream> visitor::filtered(std::unique_ptr<net::stream> from, direction way) {
  if (net::token_bucket* const bucket = of().bucket(way)) {
    from = std::make_unique<net::metered_stream>(std::move(from), *bucket, on_.timers());
  }
  if (of().hears() == nullptr || !of().hears()->sees_bytes()) return from;
  return std::make_unique<hooked_stream>(std::move(from), [this, way](bytes_span bytes) {
    return survives([&](hooks& told) { told.on_bytes(*this, way, bytes); });
  });
}

void visitor::join(std::unique_ptr<visitor> one, std::unique_ptr<net::stream> service) {
  visitor& who = *one.release();  // on_relay_end ends it
  const std::string header = make_proxy_header(who.of().what().proxy, who.remote_, who.local_);
  who.connection_->watch(nullptr);
  who.relay_ = &who.on_.relays().start(
      who.filtered(std::move(who.connection_), direction::to_service),
      who.filtered(std::move(service), direction::to_visitor), &who, as_bytes(header));
}

// So many in all, of which the tunnel knows some.
void visitor::note_bytes(std::uint64_t to_service, std::uint64_t to_visitor) {
  of().count(on_, direction::to_service, to_service - std::exchange(noted_in_, to_service));
  of().count(on_, direction::to_visitor, to_visitor - std::exchange(noted_out_, to_visitor));
}

void visitor::on_relay_end(net::relay&, const net::relay_report& report) {
  const std::unique_ptr<visitor> self(this);
  note_bytes(report.from_visitor, report.from_service);
  log::debug("port {}: {} has left: {} bytes to the service, {} bytes from it{}{}", of().port(),
             net::to_string(remote_), report.from_visitor, report.from_service,
             report.error ? ", " : "", report.error ? report.error.message() : "");
}

}  // namespace frpx::tunnel
