#include "ports/leases.hpp"

#include <pthread.h>

#include <algorithm>
#include <future>

#include "core/log.hpp"
#include "core/names.hpp"
#include "net/handoff.hpp"

namespace frpx::ports {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;

constexpr std::size_t orders_in_a_round = 1024;
constexpr std::size_t uses_in_a_round = 2048;  // so that who waits for a new port waits briefly
constexpr milliseconds patience{10'000};
// Behind a start, who is in use makes itself heard: the public client pings every 30 s.
constexpr milliseconds longest_grace = std::chrono::minutes(5);

wall_time now() {
  return std::chrono::floor<std::chrono::microseconds>(wall_clock::now());
}

// Uses are written now and then: for the operators, and long before a lease might expire.
milliseconds flush_period(milliseconds expire_after) {
  constexpr milliseconds shortest{100};
  constexpr milliseconds longest = std::chrono::hours(1);
  return expire_after.count() == 0 ? longest : std::clamp(expire_after / 20, shortest, longest);
}

result<lease> take_now(const wish& asked, lease_draft& draft) {
  const lease* const known = draft.book().find_for(asked);
  auto row = known != nullptr ? result<lease>(*known) : draft.book().allocate(asked, now());
  if (!row) return row;
  if (row->user.empty()) row->user = asked.user;
  row->run_id = asked.run_id;
  row->state = use::open;
  row->used = now();
  draft.put(*row);
  return row;
}

result<lease> assign_now(const std::string& proxy, std::uint16_t port, transport over,
                         lease_draft& draft) {
  if (const auto may = draft.book().may_hold(proxy, port, over); !may) return may.error();
  const lease* const before = draft.book().find(proxy);
  lease row = before != nullptr ? *before : lease{.proxy = proxy, .created = now()};
  row.port = port;
  row.over = over;
  row.used = now();
  draft.put(row);
  return row;
}

result<lease> rename_now(const std::string& from, const std::string& to, lease_draft& draft) {
  const lease* const found = draft.book().find(from);
  if (found == nullptr) return errc::unknown_proxy;
  if (!is_plain_text(to)) return errc::bad_name;
  if (draft.book().find(to) != nullptr) return errc::held_by_another;
  lease row = *found;
  row.proxy = to;
  row.used = now();
  draft.erase(from);
  draft.put(row);
  return row;
}

result<lease> release_now(const std::string& proxy, lease_draft& draft) {
  const lease* const found = draft.book().find(proxy);
  if (found == nullptr) return errc::unknown_proxy;
  lease row = *found;
  draft.erase(proxy);
  return row;
}

}  // namespace

leases::leases(std::unique_ptr<lease_store> store, lease_options options)
    : options_(std::move(options)),
      rules_(std::make_shared<const rules>(options_.by)),
      flush_every_(flush_period(options_.expire_after)),
      store_(std::move(store)),
      draft_(rules_),
      next_flush_(steady_clock::now() + flush_every_),
      next_expiry_(steady_clock::now() + std::min(options_.expire_after, longest_grace)),
      book_(std::make_unique<lease_book>(rules_)) {}

result<std::unique_ptr<leases>> leases::start(std::unique_ptr<lease_store> store,
                                              lease_options options) {
  std::unique_ptr<leases> made(new leases(std::move(store), std::move(options)));
  std::vector<order> none;
  if (const auto failed = made->run_round(none)) return failed;
  made->thread_ = std::thread([&self = *made] {
    pthread_setname_np(pthread_self(), "leases");
    self.run();
  });
  return made;
}

leases::~leases() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

std::optional<std::uint16_t> leases::known(const wish& asked) {
  const std::lock_guard lock(mutex_);
  const lease* const found = book_->find_for(asked);
  if (found == nullptr) return std::nullopt;
  const bool is_old =
      options_.expire_after.count() != 0 && found->used < now() - options_.expire_after / 2;
  if (is_old) return std::nullopt;
  // One that was imported, or made by an operator, learns whose it is.
  if (found->user.empty() && !asked.user.empty()) return std::nullopt;
  const bool pings = found->state == use::pinged && found->run_id == asked.run_id;
  note_use_locked(found->proxy, asked.run_id, pings ? use::pinged : use::open);
  return found->port;
}

// By value: the name may be the lease's own.
void leases::note_use_locked(std::string_view proxy, std::string_view run_id, use state) {
  std::string name(proxy);
  if (book_->note_use(name, run_id, state, now())) dirty_.insert(std::move(name));
}

asio::awaitable<result<lease>> leases::take(wish asked) {
  return ask([asked = std::move(asked)](lease_draft& draft) { return take_now(asked, draft); });
}

asio::awaitable<result<lease>> leases::assign(std::string proxy, std::uint16_t port,
                                              transport over) {
  return ask([proxy = std::move(proxy), port, over](lease_draft& draft) {
    return assign_now(proxy, port, over, draft);
  });
}

asio::awaitable<result<lease>> leases::rename(std::string from, std::string to) {
  return ask([from = std::move(from), to = std::move(to)](lease_draft& draft) {
    return rename_now(from, to, draft);
  });
}

asio::awaitable<result<lease>> leases::release(std::string proxy) {
  return ask([proxy = std::move(proxy)](lease_draft& draft) { return release_now(proxy, draft); });
}

asio::awaitable<result<lease>> leases::ask(change what) {
  const auto outcome = std::make_shared<result<lease>>(errc::overloaded);
  const auto submit_change = [this, what = std::move(what), outcome](auto answer) mutable {
    const auto done = [outcome, answer](result<lease> said) mutable {
      *outcome = std::move(said);
      answer();
    };
    if (!submit({std::move(what), done})) answer();
  };
  co_return co_await net::hand_off(
      submit_change, [outcome] { return std::move(*outcome); }, patience);
}

result<lease> leases::apply(change what) {
  const auto said = std::make_shared<std::promise<result<lease>>>();
  auto answer = said->get_future();
  if (!submit({std::move(what), [said](result<lease> outcome) { said->set_value(outcome); }})) {
    return errc::overloaded;
  }
  return answer.get();
}

bool leases::submit(order one) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.most_waiting) return false;
    queue_.push_back(std::move(one));
  }
  woken_.notify_one();
  return true;
}

void leases::note_ping(std::string_view run_id) {
  if (run_id.empty()) return;
  const std::lock_guard lock(mutex_);
  std::vector<std::string> proxies;
  book_->each_of_run(run_id, [&](const std::string& proxy) { proxies.push_back(proxy); });
  for (const std::string& proxy : proxies) note_use_locked(proxy, run_id, use::pinged);
}

void leases::note_close(std::string_view proxy) {
  const std::lock_guard lock(mutex_);
  closes_are_told_ = true;
  const lease* const found = book_->find(proxy);
  if (found == nullptr || !found->group.empty()) return;
  note_use_locked(proxy, {}, use::closed);
}

leases::figures leases::look() const {
  const std::lock_guard lock(mutex_);
  return {.leases = book_->size(),
          .outside = book_->outside(),
          .free_ports = book_->free_ports(),
          .waiting = queue_.size(),
          .rounds = rounds_,
          .expired = expired_,
          .store_error = store_error_};
}

std::size_t leases::held_by(std::string_view user) const {
  const std::lock_guard lock(mutex_);
  return book_->held_by(user);
}

std::optional<lease> leases::find(std::string_view proxy) const {
  const std::lock_guard lock(mutex_);
  const lease* const found = book_->find(proxy);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::uint32_t leases::list_from(std::uint32_t port, std::size_t count,
                                std::vector<lease>& into) const {
  const std::lock_guard lock(mutex_);
  const std::size_t enough = into.size() + count;
  for (port = std::max(port, 1u); port <= 65535 && into.size() < enough; ++port) {
    book_->at_port(static_cast<std::uint16_t>(port),
                   [&](const lease& row) { into.push_back(row); });
  }
  return port <= 65535 ? port : 0;
}

// --- the committing thread

void leases::run() {
  for (;;) {
    std::vector<order> orders;
    bool stops = false;
    {
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, options_.refresh, [this] { return stopping_ || !queue_.empty(); });
      const std::size_t count = std::min(queue_.size(), orders_in_a_round);
      const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
      std::move(queue_.begin(), end, std::back_inserter(orders));
      queue_.erase(queue_.begin(), end);
      stops = stopping_ && orders.empty();
    }
    const error_code failed = run_round(orders);
    report(failed);
    for (order& each : orders) each.done(failed ? result<lease>(failed) : std::move(each.outcome));
    if (stops || steady_clock::now() >= next_flush_) flush_uses();
    if (stops) return;
    if (options_.expire_after.count() != 0 && steady_clock::now() >= next_expiry_) expire();
  }
}

error_code leases::run_round(std::vector<order>& orders) {
  lease_news read;
  lease_changes written;
  const auto done = store_->exchange([&](lease_news news) {
    written = decide(std::move(news), orders, read);
    return written;
  });
  if (done) publish(read, written);
  // Otherwise the draft is of no use; the next round brings everything again.
  const std::lock_guard lock(mutex_);
  store_error_ = done ? error_code() : done.error();
  rounds_ += done && !written.empty();
  return store_error_;
}

lease_changes leases::decide(lease_news news, std::vector<order>& orders, lease_news& read) {
  draft_.take_changes();  // of a round that failed
  draft_.learn(news);
  for (order& each : orders) each.outcome = each.decide(draft_);
  lease_changes changes = draft_.take_changes();
  closes_written_ |= news.closes_are_told;
  {
    const std::lock_guard lock(mutex_);
    changes.closes_are_told = closes_are_told_ && !closes_written_;
  }
  read = std::move(news);
  return changes;
}

// What is on the disk now becomes what is answered from memory. Uses that are not written yet stay.
void leases::publish(const lease_news& read, const lease_changes& written) {
  std::unique_ptr<lease_book> fresh;
  if (read.all) fresh = std::make_unique<lease_book>(rules_);
  if (fresh) {
    for (const lease& row : read.rows) fresh->put(row);
  }
  const std::lock_guard lock(mutex_);
  closes_are_told_ |= read.closes_are_told;
  closes_written_ |= written.closes_are_told;
  const auto put = [&](lease_book& to, const lease& row) {
    const lease* const known = dirty_.contains(row.proxy) ? book_->find(row.proxy) : nullptr;
    const auto unwritten = known == nullptr ? std::nullopt : std::optional<lease>(*known);
    to.put(row);
    if (unwritten) to.note_use(row.proxy, unwritten->run_id, unwritten->state, unwritten->used);
  };
  if (fresh) {
    for (const std::string& name : dirty_) {
      if (const lease* const row = fresh->find(name)) put(*fresh, lease(*row));
    }
    book_ = std::move(fresh);
  } else {
    for (const lease& row : read.rows) put(*book_, row);
  }
  for (const std::string& proxy : written.removed) book_->erase(proxy);
  for (const lease& row : written.put) put(*book_, row);
}

// Writes the uses that are known by now, in rounds of some, so that new leases come in between.
bool leases::flush_uses() {
  next_flush_ = steady_clock::now() + flush_every_;
  std::unordered_set<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    names.swap(dirty_);
  }
  while (!names.empty()) {
    std::vector<lease> used;
    {
      const std::lock_guard lock(mutex_);
      while (!names.empty() && used.size() < uses_in_a_round) {
        if (const lease* const row = book_->find(*names.begin())) used.push_back(*row);
        names.erase(names.begin());
      }
    }
    if (!write_uses(used)) {
      const std::lock_guard lock(mutex_);
      for (const lease& each : used) dirty_.insert(each.proxy);
      dirty_.merge(names);
      return false;
    }
  }
  return true;
}

bool leases::write_uses(const std::vector<lease>& used) {
  std::vector<order> orders(1);
  orders[0].decide = [&used](lease_draft& draft) -> result<lease> {
    for (const lease& each : used) {
      const lease* const kept = draft.book().find(each.proxy);
      if (kept == nullptr || kept->used >= each.used) continue;
      lease row = *kept;
      row.run_id = each.run_id;
      row.state = each.state;
      row.used = each.used;
      draft.put(std::move(row));
    }
    return lease{};
  };
  const error_code failed = run_round(orders);
  report(failed);
  return !failed;
}

void leases::expire() {
  next_expiry_ = steady_clock::now() + flush_every_;
  if (!flush_uses()) return;
  std::size_t count = 0;
  std::vector<order> orders(1);
  orders[0].decide = [&](lease_draft& draft) -> result<lease> {
    for (const std::string& proxy : expired_in(draft.book())) {
      draft.erase(proxy);
      ++count;
    }
    return lease{};
  };
  if (run_round(orders) || count == 0) return;
  log::info("{} leases were freed: unused for {} h", count,
            std::chrono::duration<double, std::ratio<3600>>(options_.expire_after).count());
  const std::lock_guard lock(mutex_);
  expired_ += count;
}

std::vector<std::string> leases::expired_in(const lease_book& book) const {
  bool closes_are_told = false;
  {
    const std::lock_guard lock(mutex_);
    closes_are_told = closes_are_told_;
  }
  const wall_time cutoff = now() - options_.expire_after;
  std::vector<std::string> names;
  book.each([&](const lease& row) {
    if (!is_expired(row, cutoff, closes_are_told)) return;
    if (rules_->is_taken && rules_->is_taken(row.port, row.over)) return;  // in use after all
    names.push_back(row.proxy);
  });
  return names;
}

void leases::report(error_code failed) {
  static log::rate_limit limiter(1);
  if (failed && limiter.pass()) log::error("the leases' store failed: {}", failed.message());
}

}  // namespace frpx::ports
