#include "client/model_watch.hpp"

#include "core/log.hpp"

namespace frpx::client {
namespace {

std::vector<wire::model> to_wire(std::vector<host::model> models) {
  std::vector<wire::model> made;
  made.reserve(models.size());
  for (host::model& each : models) {
    made.push_back(
        {std::move(each.id), std::move(each.object), each.created, std::move(each.owned_by)});
  }
  return made;
}

}  // namespace

model_watch::model_watch(net::worker& on, local_service& service, steady_clock::duration patience,
                         steady_clock::duration period)
    : on_(on), service_(service), patience_(patience), period_(period), asking_(on.loop()) {}

void model_watch::start(std::function<void()> on_change) {
  asking_.spawn(ask(std::move(on_change)));
}

boost::asio::awaitable<void> model_watch::ask(std::function<void()> on_change) {
  net::wakeup bell(on_.events());
  net::alarm due(on_.timers(), bell);
  for (;;) {
    due.set_in(period_);
    model_listing listing = co_await fetch_models(on_, service_, patience_);
    if (take(std::move(listing))) on_change();
    while (!due.rang()) co_await bell.wait();
  }
}

// Says each change once; whether the models have become others.
bool model_watch::take(model_listing listing) {
  if (listing.how != model_listing::kind::listed && listing.why != last_trouble_) {
    log::warn("Cannot list the models of {}:{}: {}", service_.host(), service_.port(), listing.why);
  }
  const bool recovered = listing.why.empty() && !last_trouble_.empty();
  const bool first = !heard_;
  last_trouble_ = listing.why;
  if (listing.how == model_listing::kind::unknown) return false;
  heard_ = true;
  std::vector<wire::model> models = to_wire(std::move(listing.models));
  const bool changed = models != models_;
  models_ = std::move(models);
  if (listing.how == model_listing::kind::listed && (changed || recovered || first)) {
    log::info("Successfully fetched {} models from Ollama.", models_.size());
  }
  return changed;
}

}  // namespace frpx::client
