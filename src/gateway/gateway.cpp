#include "gateway/gateway.hpp"

#include "core/log.hpp"
#include "gateway/exchange.hpp"
#include "gateway/visitor.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_spare_rooms = 64;
constexpr auto worker_patience = std::chrono::seconds(1);

}  // namespace

desk::desk(net::worker& worker, tunnel::registry& registry, identity::key_checker& keys,
           net::blocking_pool& pool, net::admission& places_, waiting_room& room_,
           held_memory& held_, usage_inbox& inbox, unserved_models& unserved_,
           std::atomic<bool>& must_look, const options& how_)
    : on(worker),
      clients(registry),
      places(places_),
      how(how_),
      gate(worker, keys, pool, how_.key_check),
      in_use(worker.timers(), must_look),
      services(worker, how_.idle_stream),
      room(room_),
      held(held_),
      usage(worker.timers(), inbox),
      unserved(unserved_) {}

desk::~desk() = default;

std::unique_ptr<exchange_room> desk::take_room() {
  if (spare_.empty()) return std::make_unique<exchange_room>(*this);
  auto one = std::move(spare_.back());
  spare_.pop_back();
  return one;
}

void desk::give_room(std::unique_ptr<exchange_room> used) {
  used->clear();
  if (spare_.size() < most_spare_rooms) spare_.push_back(std::move(used));
}

void desk::enter(visitor& one) {
  one.next = visitors_;
  if (visitors_ != nullptr) visitors_->previous = &one;
  visitors_ = &one;
}

void desk::leave(visitor& one) {
  if (one.next != nullptr) one.next->previous = one.previous;
  (one.previous != nullptr ? one.previous->next : visitors_) = one.next;
}

void desk::ring_all() {
  for (visitor* each = visitors_; each != nullptr; each = each->next) each->bell.ring();
}

gateway::gateway(net::worker_pool& workers, tunnel::registry& clients, identity::key_checker& keys,
                 net::blocking_pool& pool, options how)
    : options_(std::move(how)),
      workers_(workers),
      admission_(options_.most_visitors),
      room_(workers, clients, options_.most_waiting),
      held_(options_.held_together) {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    desks_.push_back(std::make_unique<desk>(workers.at(i), clients, keys, pool, admission_, room_,
                                            held_, usage_, unserved_, must_look_, options_));
  }
}

gateway::~gateway() = default;

void gateway::accept(net::worker& on, net::accepted one) {
  auto ticket = admission_.enter();
  if (!ticket) {
    static log::rate_limit limiter(1);
    if (limiter.pass()) {
      log::warn("public port: {} turned away, {} visitors are connected (--max-visitors){}",
                net::to_string(one.peer), options_.most_visitors, limiter.more());
    }
    return;
  }
  desk& at = *desks_[on.index()];
  at.count.visitors.fetch_add(1, std::memory_order_relaxed);
  on.tasks().spawn_with_task([&](net::task_group::task self) {
    return serve_visitor(at, std::move(one), std::move(*ticket), self);
  });
}

void gateway::drain() {
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    workers_.at(i).run_here_or_post([at = desks_[i].get()] {
      at->draining = true;
      at->ring_all();
    });
  }
}

void gateway::close_idle_streams() {
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    workers_.at(i).run_here_or_post([at = desks_[i].get()] { at->services.clear(); });
  }
}

void gateway::close_idle_streams_of(std::uint64_t session) {
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    workers_.at(i).run_here_or_post(
        [at = desks_[i].get(), session] { at->services.clear(session); });
  }
}

asio::awaitable<result<used_keys>> gateway::keys_in_use() {
  used_keys all;
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    auto some = co_await workers_.at(i).call([at = desks_[i].get()] { return at->in_use.look(); },
                                             worker_patience);
    if (!some) co_return some.error();
    all.merge(*some);
  }
  co_return all;
}

void gateway::apply(const key_changes& changes) {
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    workers_.at(i).run_here_or_post([at = desks_[i].get(), changes] { at->in_use.apply(changes); });
  }
}

void gateway::hand_in_usage() {
  for (const auto& each : desks_) each->usage.hand_in();
}

totals gateway::so_far() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  totals sum;
  for (const auto& each : desks_) {
    const counters& one = each->count;
    sum.visitors += one.visitors.load(relaxed);
    sum.failovers += one.failovers.load(relaxed);
    sum.bytes_in += one.bytes_in.load(relaxed);
    sum.bytes_out += one.bytes_out.load(relaxed);
    sum.first_byte += one.first_byte.so_far();
    sum.took += one.took.so_far();
    for (std::size_t i = 0; i < sum.answers.size(); ++i) {
      sum.answers[i] += one.answers[i].load(relaxed);
    }
  }
  return sum;
}

}  // namespace frpx::gateway
