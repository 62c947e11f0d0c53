#include "client/health_watch.hpp"

#include "client/local_get.hpp"
#include "core/log.hpp"
#include "net/wakeup.hpp"

namespace frpx::client {
namespace {

constexpr std::size_t most_body = 64 * 1024;

std::string trouble_of(const local_answer& answer) {
  if (answer.how != local_answer::kind::answered) return answer.why;
  return answer.status < 400 ? std::string() : "it answered " + std::to_string(answer.status);
}

}  // namespace

health_watch::health_watch(net::worker& on, local_service& service, std::string path,
                           steady_clock::duration period, steady_clock::duration patience)
    : on_(on),
      service_(service),
      path_(std::move(path)),
      period_(period),
      patience_(patience),
      asking_(on.loop()) {}

void health_watch::start(std::function<void()> on_change) {
  if (asks()) asking_.spawn(ask(std::move(on_change)));
}

boost::asio::awaitable<void> health_watch::ask(std::function<void()> on_change) {
  net::wakeup bell(on_.events());
  net::alarm due(on_.timers(), bell);
  for (;;) {
    due.set_in(period_);
    const bool was_well = well();
    const auto answer = co_await local_get(on_, service_, path_, most_body, patience_);
    const std::string trouble = trouble_of(answer);
    failed_ = trouble.empty() ? 0 : std::min(failed_ + 1, failures);
    if (well() != was_well) {
      if (well()) {
        log::info("The local service answers {} again", path_);
      } else {
        log::warn("The local service is not well, and says so to the server: {}: {}", path_,
                  trouble);
      }
      on_change();
    }
    while (!due.rang()) co_await bell.wait();
  }
}

}  // namespace frpx::client
