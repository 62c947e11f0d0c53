#include "tunnel/frpx/proxy_streams.hpp"

#include <cassert>

#include "core/hex.hpp"
#include "tunnel/errc.hpp"

namespace frpx::tunnel::frpx_dialect {

namespace asio = boost::asio;

/// A socket that is reset when its session ends, and tells its watcher.
class proxy_streams::proxy_stream final : public net::socket {
 public:
  proxy_stream(proxy_streams& owner, std::uint64_t session, net::unique_fd fd, bytes_view behind)
      : socket(owner.on_.events(), std::move(fd)), owner_(owner), session_(session) {
    unread(behind);
    auto& head = owner_.live_[session_];
    next_ = head;
    if (head != nullptr) head->previous_ = this;
    head = this;
  }
  ~proxy_stream() override { leave(); }

  /// The session has ended.
  void end() {
    leave();
    break_off();
  }

 private:
  void leave() {
    if (!listed_) return;
    listed_ = false;
    if (next_ != nullptr) next_->previous_ = previous_;
    if (previous_ != nullptr) {
      previous_->next_ = next_;
    } else if (next_ != nullptr) {
      owner_.live_[session_] = next_;
    } else {
      owner_.live_.erase(session_);
    }
  }

  proxy_streams& owner_;
  const std::uint64_t session_;
  proxy_stream* next_ = nullptr;
  proxy_stream* previous_ = nullptr;
  bool listed_ = true;
};

/// One order, in the frame of the coroutine that waits for it.
struct proxy_streams::pending_order {
  pending_order(proxy_streams& table, std::uint64_t of_session, net::wakeup& who_waits)
      : owner(table),
        session(of_session),
        id(uuid::make_for_worker(table.on_.index())),
        bell(who_waits) {
    owner.orders_.emplace(id, this);
    owner.pending_.fetch_add(1, std::memory_order_relaxed);
  }
  ~pending_order() {
    owner.orders_.erase(id);
    owner.pending_.fetch_sub(1, std::memory_order_relaxed);
  }

  proxy_streams& owner;
  const std::uint64_t session;
  const uuid id;
  net::wakeup& bell;
  std::unique_ptr<net::stream> arrived;
  bool session_ended = false;
};

proxy_streams::~proxy_streams() {
  assert(live_.empty() && orders_.empty());
}

asio::awaitable<result<std::unique_ptr<net::stream>>> proxy_streams::order(
    std::uint64_t session, std::function<void(const uuid&)> send_order,
    steady_clock::duration patience) {
  if (orders_.size() >= most_pending) co_return make_error_code(errc::too_many);
  net::wakeup bell(on_.events());
  net::alarm late(on_.timers(), bell);
  pending_order mine(*this, session, bell);
  late.set_in(patience);
  send_order(mine.id);
  while (!mine.arrived && !mine.session_ended && !late.rang()) co_await bell.wait();
  if (mine.session_ended) co_return make_error_code(errc::session_gone);
  if (!mine.arrived) co_return make_error_code(errc::late);
  co_return std::move(mine.arrived);
}

/// The client lives if it brings another stream, which then serves the next request.
class proxy_streams::ordered_sign final : public life_sign {
 public:
  ordered_sign(proxy_streams& by, std::uint64_t session, net::wakeup& bell)
      : order_(by, session, bell) {}
  bool came() const override { return came_ || order_.arrived != nullptr; }
  std::unique_ptr<net::stream> take_stream() override {
    came_ = came();
    return std::move(order_.arrived);
  }
  const uuid& id() const { return order_.id; }

 private:
  pending_order order_;
  bool came_ = false;
};

std::unique_ptr<life_sign> proxy_streams::ask_for_sign(
    std::uint64_t session, net::wakeup& bell, std::function<void(const uuid&)> send_order) {
  if (orders_.size() >= most_pending) return nullptr;
  auto sign = std::make_unique<ordered_sign>(*this, session, bell);
  send_order(sign->id());
  return sign;
}

bool proxy_streams::present(const uuid& id, net::unique_fd fd, bytes_view behind) {
  const auto found = orders_.find(id);
  if (found == orders_.end() || found->second->arrived || found->second->session_ended) {
    return false;
  }
  pending_order& order = *found->second;
  order.arrived = std::make_unique<proxy_stream>(*this, order.session, std::move(fd), behind);
  order.bell.ring();
  return true;
}

std::vector<std::string> proxy_streams::pending_fingerprints() const {
  std::vector<std::string> names;
  for (const auto& [id, order] : orders_) names.push_back(fingerprint(id.to_string()));
  return names;
}

void proxy_streams::end_session(std::uint64_t session) {
  for (auto& [id, order] : orders_) {
    if (order->session != session) continue;
    order->session_ended = true;
    order->arrived.reset();
    order->bell.ring();
  }
  // A watcher may destroy its stream and others: start anew each time.
  for (auto found = live_.find(session); found != live_.end(); found = live_.find(session)) {
    found->second->end();
  }
}

}  // namespace frpx::tunnel::frpx_dialect
