#include "net/relay.hpp"

#include <algorithm>
#include <cassert>

#include "net/socket.hpp"

namespace frpx::net {

namespace asio = boost::asio;

relay::relay(relay_set& owner, std::unique_ptr<stream> visitor, std::unique_ptr<stream> service,
             observer* by)
    : owner_(owner),
      observer_(by),
      visitor_(*this, std::move(visitor), owner.buffers_),
      service_(*this, std::move(service), owner.buffers_) {}

void relay::begin(bytes_view from_visitor, bytes_view from_service) {
  visitor_.held.append(from_visitor);
  service_.held.append(from_service);
  for (side* each : {&visitor_, &service_}) {
    each->carrier->watch(each);
  }
  // What became ready before is not told again.
  owner_.events_.schedule(*this);
}

void relay::run() {
  if (pump(visitor_)) pump(service_);
}

void relay::on_ready(side& from, stream::readiness what) {
  if (what.broken || from.lost) {
    from.lost = false;
    hear_out(from);
    return;
  }
  if (what.writable && !pump(other(from))) return;
  if (what.readable) pump(from);
}

// Moves what can be moved without waiting; false if the relay has gone.
bool relay::pump(side& from) {
  if (from.finished) return true;
  step next = step::again;
  while (next == step::again) next = move(from);
  if (next == step::gone) return false;
  if (from.spliced && from.spliced->filled == 0) from.spliced.reset();
  return true;
}

relay::step relay::move(side& from) {
  if (!from.held.empty()) return flush_held(from);
  if (from.spliced && from.spliced->filled > 0) return flush_pipe(from);
  if (from.ended) return finish(from);
  return can_splice(from) ? splice(from) : copy(from);
}

relay::step relay::copy(side& from) {
  // No more than the block that may have to hold it.
  const read_outcome got = from.carrier->read(owner_.scratch_.first(buffer_pool::block_size));
  switch (got.state) {
    case io_state::blocked:
      return step::wait;
    case io_state::failed:
      return fail(from);
    case io_state::ended:
      from.ended = true;
      return step::again;
    case io_state::moved:
      break;
  }
  note_read(from, got.bytes.size());
  const write_outcome put = other(from).carrier->write(got.bytes);
  if (put.state == io_state::failed) return hear_out(other(from));
  note_moved(from, put.bytes);
  from.held.append(got.bytes.subspan(put.bytes));
  return step::again;
}

relay::step relay::flush_held(side& from) {
  const write_outcome put = other(from).carrier->write(from.held.bytes());
  if (put.state == io_state::failed) return hear_out(other(from));
  if (put.state == io_state::blocked) return step::wait;
  note_moved(from, put.bytes);
  from.held.consume(put.bytes);
  if (from.held.empty()) from.held.release();
  return step::again;
}

bool relay::can_splice(side& from) {
  if (from.run < owner_.options_.bulk_after) return false;
  if (from.carrier->plain_socket() == nullptr || other(from).carrier->plain_socket() == nullptr) {
    return false;
  }
  if (!from.spliced) from.spliced = owner_.pipes_.take();
  if (!from.spliced) from.run = 0;  // asks again after as many bytes as the first time
  return from.spliced != nullptr;
}

relay::step relay::splice(side& from) {
  const write_outcome got = from.spliced->fill(*from.carrier->plain_socket());
  switch (got.state) {
    case io_state::blocked:
      return step::wait;
    case io_state::failed:
      return fail(from);
    case io_state::ended:
      from.ended = true;
      return step::again;
    case io_state::moved:
      break;
  }
  note_read(from, got.bytes);
  return flush_pipe(from);
}

relay::step relay::flush_pipe(side& from) {
  pipe& between = *from.spliced;
  while (between.filled > 0) {
    const write_outcome put = between.drain(*other(from).carrier->plain_socket());
    if (put.state == io_state::failed) return hear_out(other(from));
    if (put.state == io_state::blocked) return step::wait;
    owner_.totals_.spliced += put.bytes;
    note_moved(from, put.bytes);
  }
  return step::again;
}

relay::step relay::finish(side& from) {
  from.finished = true;
  other(from).carrier->finish();
  if (!other(from).finished) return step::wait;
  end(relay_end::finished, {});
  return step::gone;
}

// What it said before it broke still goes on, as far as that takes no waiting for the other side: a
// service that refuses the rest of an upload says why.
relay::step relay::hear_out(side& broken) {
  if (!std::exchange(broken.lost, true) && !pump(broken)) return step::gone;
  return broken.carrier->waits_for_turn() ? step::wait : fail(broken);
}

relay::step relay::fail(const side& broken) {
  end(&broken == &visitor_ ? relay_end::visitor_failed : relay_end::service_failed,
      broken.carrier->error());
  return step::gone;
}

void relay::end(relay_end how, error_code why) {
  const std::unique_ptr<relay> self = owner_.take_out(place_);
  for (side* each : {&visitor_, &service_}) {
    each->carrier->watch(nullptr);
    if (how != relay_end::finished) each->carrier->reset();
    each->carrier.reset();
  }
  if (observer_ != nullptr) {
    observer_->on_relay_end(*this, {how, why, visitor_.moved, service_.moved});
  }
}

void relay::note_read(side& from, std::size_t bytes) const {
  if (bytes < owner_.options_.large_read) {
    from.run = 0;
    return;
  }
  const steady_time now = steady_clock::now();
  if (now - from.last_read > owner_.options_.pause) from.run = 0;
  from.run += bytes;
  from.last_read = now;
}

void relay::note_moved(side& from, std::size_t bytes) {
  from.moved += bytes;
  (&from == &visitor_ ? owner_.totals_.from_visitors : owner_.totals_.from_services) += bytes;
}

relay_set::relay_set(loop& on, buffer_pool& buffers, bytes_span scratch, relay_options options)
    : events_(on.events()),
      buffers_(buffers),
      scratch_(scratch),
      options_(options),
      pipes_(options.pipes),
      emptied_(on.events()),
      late_(on.timers(), emptied_) {
  assert(scratch.size() >= buffer_pool::block_size);
}

relay_set::~relay_set() {
  assert(relays_.empty() && "reset or join the relays before their set goes");
}

relay& relay_set::start(std::unique_ptr<stream> visitor, std::unique_ptr<stream> service,
                        relay::observer* by, bytes_view from_visitor, bytes_view from_service) {
  relays_.emplace_back(new relay(*this, std::move(visitor), std::move(service), by));
  relay& started = *relays_.back();
  started.place_ = relays_.size() - 1;
  ++totals_.started;
  started.begin(from_visitor, from_service);
  return started;
}

void relay_set::reset_all() {
  while (!relays_.empty()) relays_.back()->reset();
}

std::unique_ptr<relay> relay_set::take_out(std::size_t place) {
  std::swap(relays_[place], relays_.back());
  relays_[place]->place_ = place;
  std::unique_ptr<relay> taken = std::move(relays_.back());
  relays_.pop_back();
  if (relays_.empty()) emptied_.ring();
  return taken;
}

asio::awaitable<bool> relay_set::join(steady_time until) {
  late_.set(until);
  while (!relays_.empty() && !late_.rang()) co_await emptied_.wait();
  late_.clear();
  co_return relays_.empty();
}

}  // namespace frpx::net
