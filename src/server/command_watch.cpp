#include "server/command_watch.hpp"

#include <ranges>

#include "api/audit.hpp"
#include "net/wakeup.hpp"
#include "server/command_audit.hpp"

namespace frpx::server {

namespace asio = boost::asio;

namespace {

constexpr auto look_every = std::chrono::seconds(1);
constexpr auto patience = std::chrono::seconds(30);

using rows = std::vector<store::audit_row>;

// The rows behind that one, newest first; if there are none, the last alone.
result<rows> read_behind(store::store& in, std::uint64_t last) {
  auto newest = in.list_audit(0, 1);
  if (!newest || newest->empty() || newest->front().id <= last) return newest;
  return in.list_audit(0, store::longest_page);
}

}  // namespace

asio::awaitable<void> command_watch::run() {
  for (;;) {
    co_await look();
    co_await net::pause(look_every);
  }
}

asio::awaitable<void> command_watch::look() {
  const bool is_first = !last_;
  const auto found = co_await pool_.run(
      [&store = store_, last = last_] {
        return last ? read_behind(store, *last) : store.list_audit(0, 1);
      },
      patience);
  if (!found) co_return;
  const std::uint64_t seen = last_.value_or(0);
  last_ = found->empty() ? seen : found->front().id;
  if (is_first) co_return;
  for (const store::audit_row& each : std::views::reverse(*found)) {
    const auto event = api::event_of(each.action);
    if (each.id <= seen || each.who != command_line_author || event.empty()) continue;
    events_.tell(event, [&](json_writer& json) { json.member("name", each.what); });
  }
}

}  // namespace frpx::server
