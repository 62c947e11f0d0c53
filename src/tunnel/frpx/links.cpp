#include "tunnel/frpx/links.hpp"

#include <algorithm>
#include <optional>

#include "core/log.hpp"

namespace frpx::tunnel::frpx_dialect {

namespace {

constexpr std::size_t receive_size = 256 * 1024;
constexpr auto bring_patience = std::chrono::seconds(10);
constexpr auto first_pause = std::chrono::milliseconds(200);
constexpr auto longest_pause = std::chrono::milliseconds(10'000);
constexpr std::size_t most_links = 2;  // an old one ending, a new one
constexpr std::uint32_t least_early = 16 * 1024;
constexpr std::uint32_t most_early = 256 * 1024;
constexpr std::uint32_t most_streams = 65'536;
constexpr std::uint32_t most_associations = 65'536;

}  // namespace

/// The links of one session on this worker, and the order for the next.
class links::place final : public link::connection::observer, private net::deadline {
 public:
  place(links& owner, std::uint64_t session)
      : deadline(owner.on_.timers()), owner_(owner), session_(session) {}

  void expect(const uuid& id) {
    expected_ = id;
    waits_for_order_ = false;
    set_in(bring_patience);
  }

  bool is_expected(const uuid& id) const { return expected_ == id; }

  bool bring(const wire::new_link& what, net::unique_fd fd, bytes_view behind) {
    expected_.reset();
    clear();
    if (links_.size() >= most_links || over_) return false;
    const link::options how{.streams = std::clamp(what.streams, 1u, most_streams),
                            .associations = std::min(what.associations, most_associations),
                            .early = std::clamp(what.early, least_early, most_early),
                            .pool = &owner_.credit_,
                            .move_after = owner_.move_after_};
    auto socket = std::make_unique<net::socket>(owner_.on_.events(), std::move(fd));
    links_.push_back(std::make_unique<link::connection>(
        owner_.on_, std::move(socket), link::role::server, how,
        bytes_span(owner_.receive_buffer_.get(), receive_size), owns_, *this));
    links_.back()->start(behind);
    return true;
  }

  bool bring_own(const uuid& id, net::unique_fd& fd, bytes_view behind) {
    const auto stream = owns_.take(id, steady_clock::now());
    if (!stream) return false;
    auto own = std::make_unique<net::socket>(owner_.on_.events(), std::move(fd));
    if (*stream != nullptr && behind.empty()) (*stream)->take_own(std::move(own));
    return true;
  }

  void bring_failed() {
    expected_.reset();
    order_later();
  }

  // True when there is nothing to wait for.
  bool end() {
    over_ = true;
    expected_.reset();
    clear();
    owns_.reset_all();
    for (const auto& each : links_) each->end(link::goaway_code::session_over);
    return links_.empty();
  }

  link::connection* any() const { return links_.empty() ? nullptr : links_.back().get(); }

  link::connection* fit() const {
    for (auto each = links_.rbegin(); each != links_.rend(); ++each) {
      if ((*each)->is_fit()) return each->get();
    }
    return nullptr;
  }

 private:
  void on_link_up(link::connection& which) override {
    up_.push_back(&which);
    owner_.up_.fetch_add(1, std::memory_order_relaxed);
    pause_ = std::chrono::milliseconds(0);
    log::debug("link of session {} is up on worker {}", session_, owner_.on_.index());
  }
  void on_link_draining(link::connection&) override { order_later(); }
  void on_link_gone(link::connection& which, error_code why) override {
    if (why) log::debug("link of session {} has gone: {}", session_, why.message());
    owner_.up_.fetch_sub(std::erase(up_, &which), std::memory_order_relaxed);
    std::erase_if(links_, [&](const auto& each) { return each.get() == &which; });
    if (over_) {
      if (links_.empty()) owner_.forget(*this);
    } else if (!expected_ && !waits_for_order_) {
      order_later();
    }
  }

  // At once the first time, then after pauses that grow until a link is up.
  void order_later() {
    if (over_ || expected_ || waits_for_order_) return;
    waits_for_order_ = true;
    const auto pause = pause_;
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    const auto jitter = std::chrono::milliseconds(
        owner_.on_.random().below(static_cast<std::uint32_t>(pause.count() / 2 + 1)));
    set_in(pause + jitter);
  }

  void expired() override {
    if (waits_for_order_) {
      set_in(bring_patience);  // should the order be lost
      owner_.order_(session_);
    } else {
      bring_failed();  // it did not come
    }
  }

  links& owner_;
  const std::uint64_t session_;
  link::own_streams owns_;
  std::vector<std::unique_ptr<link::connection>> links_;
  std::vector<const link::connection*> up_;  // of them
  std::optional<uuid> expected_;
  std::chrono::milliseconds pause_{0};
  bool waits_for_order_ = false;
  bool over_ = false;
};

links::links(net::worker& on, link::credit_pool& credit, std::uint32_t move_after, order_link order)
    : on_(on),
      credit_(credit),
      move_after_(move_after),
      order_(std::move(order)),
      receive_buffer_(std::make_unique_for_overwrite<std::byte[]>(receive_size)) {}

links::~links() = default;

void links::expect(std::uint64_t session, const uuid& id) {
  auto& at = places_[session];
  if (!at) at = std::make_unique<place>(*this, session);
  at->expect(id);
}

bool links::present(const wire::new_link& what, net::unique_fd fd, bytes_view behind) {
  for (const auto& [session, at] : places_) {
    if (at->is_expected(what.link_id)) return at->bring(what, std::move(fd), behind);
  }
  return false;
}

bool links::present_own(const uuid& id, net::unique_fd& fd, bytes_view behind) {
  for (const auto& [session, at] : places_) {
    if (at->bring_own(id, fd, behind)) return true;
  }
  return false;
}

void links::failed(const uuid& id) {
  for (const auto& [session, at] : places_) {
    if (at->is_expected(id)) return at->bring_failed();
  }
}

void links::end_session(std::uint64_t session) {
  const auto found = places_.find(session);
  if (found == places_.end()) return;
  auto at = std::move(found->second);
  places_.erase(found);
  if (!at->end()) ending_.push_back(std::move(at));
}

void links::forget(const place& which) {
  std::erase_if(ending_, [&](const auto& each) { return each.get() == &which; });
}

link::connection* links::fit(std::uint64_t session) const {
  const auto found = places_.find(session);
  return found == places_.end() ? nullptr : found->second->fit();
}

link::connection* links::any(std::uint64_t session) const {
  const auto found = places_.find(session);
  return found == places_.end() ? nullptr : found->second->any();
}

}  // namespace frpx::tunnel::frpx_dialect
