#include "client/model_watch.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"

namespace frpx::client {
namespace {

// For a service that is not Ollama: it may be replaced by one.
constexpr std::chrono::seconds probe_pause{60};

std::vector<wire::model> to_wire(std::vector<host::model> models) {
  std::vector<wire::model> made;
  made.reserve(models.size());
  for (host::model& each : models) {
    made.push_back({std::move(each.id), std::move(each.object), each.created,
                    std::move(each.owned_by), each.size, std::move(each.digest),
                    std::move(each.format), std::move(each.family), std::move(each.parameter_size),
                    std::move(each.quantization_level)});
  }
  return made;
}

}  // namespace

model_watch::model_watch(net::worker& on, local_service& service, steady_clock::duration patience)
    : on_(on), service_(service), patience_(patience), asking_(on.loop()) {}

void model_watch::start(model_watching how, std::function<void()> on_change) {
  is_ollama_ = false;
  next_probe_ = {};
  asking_.spawn(ask(how, std::move(on_change)));
}

boost::asio::awaitable<void> model_watch::ask(model_watching how, std::function<void()> on_change) {
  net::wakeup bell(on_.events());
  net::alarm due(on_.timers(), bell);
  for (;;) {
    due.set_in(how.period);
    model_listing listing = co_await fetch_models(on_, service_, patience_);
    if (how.closely) listing = co_await ask_ollama(std::move(listing));
    changed_ |= take(std::move(listing));
    if (std::exchange(changed_, false)) on_change();
    while (!due.rang()) co_await bell.wait();
  }
}

// What Ollama adds to what it said as any service does.
boost::asio::awaitable<model_listing> model_watch::ask_ollama(model_listing listing) {
  const bool is_listed = listing.how == model_listing::kind::listed;
  if (!is_ollama_ && steady_clock::now() < next_probe_) co_return listing;
  if (!is_ollama_ || !is_listed || listing.models != detailed_) {
    model_listing tags = co_await fetch_models(on_, service_, patience_, model_source::ollama);
    is_ollama_ = tags.how == model_listing::kind::listed;
    if (!is_ollama_) {
      if (is_listed) next_probe_ = steady_clock::now() + probe_pause;
      changed_ |= take_loaded({});
      co_return listing;
    }
    detailed_ = listing.models;
    details_ = std::move(tags.models);
    details_left_out_ = tags.left_out;
  }
  changed_ |=
      take_loaded(co_await fetch_models(on_, service_, patience_, model_source::ollama_loaded));
  if (!is_listed) {
    co_return model_listing{model_listing::kind::listed, details_, {}, details_left_out_};
  }
  for (host::model& each : listing.models) add_details(each);
  co_return listing;
}

void model_watch::add_details(host::model& to) const {
  const auto known = std::find_if(details_.begin(), details_.end(),
                                  [&](const host::model& one) { return one.id == to.id; });
  if (known == details_.end()) return;
  to.size = known->size;
  to.digest = known->digest;
  to.format = known->format;
  to.family = known->family;
  to.parameter_size = known->parameter_size;
  to.quantization_level = known->quantization_level;
}

// Whether other models are in memory than before.
bool model_watch::take_loaded(model_listing listing) {
  std::vector<std::string> names;
  for (host::model& each : listing.models) {
    if (names.size() < wire::most_loaded) names.push_back(std::move(each.id));
  }
  std::sort(names.begin(), names.end());
  return std::exchange(loaded_, names) != names;
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
  const bool changed = models != models_ || listing.left_out != left_out_;
  models_ = std::move(models);
  left_out_ = listing.left_out;
  if (listing.how == model_listing::kind::listed && (changed || recovered || first)) {
    log::info("Successfully fetched {} models from Ollama.", models_.size());
  }
  return changed;
}

}  // namespace frpx::client
