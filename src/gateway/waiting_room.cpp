#include "gateway/waiting_room.hpp"

#include <utility>

#include "tunnel/model_key.hpp"

namespace frpx::gateway {
namespace {

constexpr std::uint64_t worker_bits = 8;  // of a ticket: the worker that waits

std::size_t worker_of(std::uint64_t ticket) {
  return static_cast<std::size_t>(ticket & ((1U << worker_bits) - 1));
}

bool fits(const wanted& what, const tunnel::session& at) {
  switch (what.what) {
    case wanted::kind::any:
      return true;
    case wanted::kind::incomplete:
      return at.models_left_out != 0;
    case wanted::kind::client:
      return what.name == at.facts().client_id;
    case wanted::kind::model:
      return std::any_of(at.models.begin(), at.models.end(), [&](const wire::model& each) {
        return tunnel::model_key(each.id).view() == what.name;
      });
  }
  return false;
}

bool is_usable(const tunnel::session& one) {
  return one.alive && !one.draining && one.health.fit(steady_clock::now());
}

}  // namespace

void slot::release() {
  if (const auto at = std::exchange(client_, nullptr)) room_->give_back(at);
}

waiting_room::waiting_room(net::worker_pool& workers, tunnel::registry& clients, std::size_t most)
    : workers_(workers), clients_(clients), queue_(most), tables_(workers.size()) {}

waiting_room::seat::seat(waiting_room& room, net::worker& on, net::wakeup& bell, wanted what,
                         std::string key, std::vector<std::uint64_t> not_at,
                         std::vector<std::string> only_at)
    : room_(room), on_(on), bell_(bell), ticket_(room.make_ticket(on)) {
  room_.tables_[on.index()].seats.emplace(ticket_, this);
  // Before anything else: whoever gives a place back from now on passes it to the home worker,
  // which looks around once more when this ticket has come.
  room_.waiting_.fetch_add(1);
  room_.workers_.home().run_here_or_post(
      [&room, one = fair_queue::entry{ticket_, std::move(what), std::move(key), std::move(not_at),
                                      std::move(only_at)}]() mutable {
        room.enter(std::move(one));
      });
}

waiting_room::seat::~seat() {
  room_.tables_[on_.index()].seats.erase(ticket_);
  if (given_) room_.give_back(given_);
  if (answered_) return;
  room_.workers_.home().run_here_or_post([&room = room_, ticket = ticket_] { room.leave(ticket); });
}

slot waiting_room::seat::take() {
  if (!given_) return {};
  return slot(std::exchange(given_, nullptr), room_);
}

std::uint64_t waiting_room::make_ticket(const net::worker& on) {
  return ++tables_[on.index()].last_ticket << worker_bits | on.index();
}

void waiting_room::give_back(const std::shared_ptr<tunnel::session>& at) {
  net::worker& home = workers_.home();
  const bool is_bounded = at->facts().most_in_flight != 0;
  if (is_bounded && waiting_.load() != 0) {
    home.run_here_or_post([this, at] { pass_on(at); });
    return;
  }
  at->in_flight.fetch_sub(1);
  // Who began to wait since the first look may have found it taken still.
  if (is_bounded && waiting_.load() != 0) home.run_here_or_post([this, at] { look_at(at); });
}

void waiting_room::enter(fair_queue::entry one) {
  const std::uint64_t ticket = one.ticket;
  const auto gone = queue_.push(std::move(one));
  if (gone) {
    waiting_.fetch_sub(1);
    answer(*gone, nullptr);
    if (*gone == ticket) return;
  }
  look_around();
}

void waiting_room::leave(std::uint64_t ticket) {
  if (queue_.remove(ticket)) waiting_.fetch_sub(1);
}

void waiting_room::look_around() {
  if (queue_.size() == 0) return;
  const auto among = clients_.current(workers_.home());
  for (const auto& each : among->all.who) look_at(each);
}

void waiting_room::look_at(const std::shared_ptr<tunnel::session>& one) {
  while (queue_.size() != 0 && is_usable(*one) && one->take_place() && pass_on(one)) {
  }
}

// Gives a place of `at`, which is taken, to whoever is next; else sets it free, and says so.
bool waiting_room::pass_on(const std::shared_ptr<tunnel::session>& at) {
  if (is_usable(*at)) {
    const auto next = queue_.take(at->facts().number, at->facts().client_id,
                                  [&](const wanted& what) { return fits(what, *at); });
    if (next) {
      waiting_.fetch_sub(1);
      answer(next->ticket, at);
      return true;
    }
  }
  at->in_flight.fetch_sub(1);
  return false;
}

void waiting_room::answer(std::uint64_t ticket, std::shared_ptr<tunnel::session> given) {
  workers_.at(worker_of(ticket)).run_here_or_post([this, ticket, given = std::move(given)] {
    deliver(ticket, given);
  });
}

// `given` null: it was refused.
void waiting_room::deliver(std::uint64_t ticket, const std::shared_ptr<tunnel::session>& given) {
  auto& seats = tables_[worker_of(ticket)].seats;
  const auto found = seats.find(ticket);
  if (found == seats.end()) {
    if (given) give_back(given);
    return;
  }
  seat& waiter = *found->second;
  waiter.answered_ = true;
  waiter.refused_ = given == nullptr;
  waiter.given_ = given;
  waiter.bell_.ring();
}

}  // namespace frpx::gateway
