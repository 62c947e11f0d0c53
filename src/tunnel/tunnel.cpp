#include "tunnel/tunnel.hpp"

namespace frpx::tunnel {
namespace {

constexpr std::uint64_t one_visitor = (1ull << 32) + 1;  // both halves
constexpr auto far_ahead = std::chrono::hours(24 * 365 * 7);

std::uint32_t now_inside(std::uint64_t places) {
  return static_cast<std::uint32_t>(places);
}

std::uint32_t so_far(std::uint64_t places) {
  return static_cast<std::uint32_t>(places >> 32);
}

}  // namespace

members::members(std::vector<member> list, balance::policy by, const members* former)
    : list_(std::move(list)), by_(by) {
  std::vector<balance::ring::member> known;
  known.reserve(list_.size());
  for (const member& each : list_) {
    known.push_back({balance::hash_of(each.client->facts().client_id), each.weight});
  }
  odds_.learn(known, by_ == balance::policy::sticky, former != nullptr ? &former->odds_ : nullptr);
}

std::optional<std::size_t> members::choose(quick_random& random, const std::vector<bool>& tried,
                                           const boost::asio::ip::address& visitor) const {
  std::optional<std::uint64_t> key;
  if (by_ == balance::policy::sticky) key = balance::hash_of(unmapped(visitor).to_string());
  return odds_.choose(
      by_, key, random,
      [&](std::size_t i) {
        const session& client = *list_[i].client;
        return !tried[i] && client.alive.load(std::memory_order_relaxed) &&
               !client.draining.load(std::memory_order_relaxed);
      },
      [&](std::size_t i) {
        const std::uint32_t now = list_[i].client->in_flight.load(std::memory_order_relaxed);
        return balance::load{now, list_[i].weight};
      });
}

tunnel::tunnel(std::uint64_t number, service what, std::shared_ptr<const members> first,
               net::worker_pool& workers, hooks* hears, std::function<void(error_code)> end)
    : number_(number),
      what_(std::move(what)),
      workers_(workers),
      home_(workers.home()),
      hears_(hears),
      end_(std::move(end)),
      capacity_(what_.limits.max_serve_conn != 0 ? what_.limits.max_serve_conn : usual_capacity),
      buckets_{net::token_bucket(what_.bandwidth), net::token_bucket(what_.bandwidth)},
      clients_(workers.size(), first),
      moved_(workers.size()) {}

bool tunnel::enter() {
  const std::uint32_t most = what_.limits.max_serve_count;
  std::uint64_t now = places_.load(std::memory_order_relaxed);
  do {
    if (!is_open() || now_inside(now) >= capacity_) return false;
    if (most != 0 && so_far(now) >= most) return false;
  } while (!places_.compare_exchange_weak(now, now + one_visitor, std::memory_order_relaxed));
  return true;
}

bool tunnel::is_full() const {
  const std::uint32_t most = what_.limits.max_serve_count;
  const std::uint64_t now = places_.load(std::memory_order_relaxed);
  return is_open() && now_inside(now) >= capacity_ && (most == 0 || so_far(now) < most);
}

void tunnel::leave() {
  const std::uint32_t most = what_.limits.max_serve_count;
  const std::uint64_t now = places_.fetch_sub(1, std::memory_order_relaxed) - 1;
  if (most != 0 && so_far(now) >= most && now_inside(now) == 0) end_soon(errc::served_out);
}

std::uint64_t tunnel::bytes(direction way) const {
  std::uint64_t sum = 0;
  for (const byte_counts& each : moved_) {
    sum += each.ways[static_cast<std::size_t>(way)].load(std::memory_order_relaxed);
  }
  return sum;
}

void tunnel::end_soon(error_code why) {
  home_.post([end = end_, why] { end(why); });
}

tunnel_view tunnel::look() const {
  const std::uint64_t now = places_.load(std::memory_order_relaxed);
  const auto& limits = what_.limits;
  tunnel_view view;
  view.name = what_.name;
  view.kind = what_.kind;
  view.port = port();
  view.message = what_.message;
  view.birth = what_.birth;
  view.deadline = what_.birth + far_ahead;
  if (limits.max_serve_time != 0) {
    view.deadline = what_.birth + std::chrono::seconds(limits.max_serve_time);
  }
  view.online = now_inside(now);
  view.capacity = capacity_;
  view.already_serve = so_far(now);
  view.total_serve = limits.max_serve_count != 0 ? limits.max_serve_count : shown_total;
  return view;
}

void tunnel::publish(std::vector<member> now, balance::policy by) {
  const auto& former = clients_[home_.index()];
  const auto shared = std::make_shared<const members>(std::move(now), by, former.get());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_.at(i).run_here_or_post([slot = &clients_[i], shared] { *slot = shared; });
  }
}

}  // namespace frpx::tunnel
