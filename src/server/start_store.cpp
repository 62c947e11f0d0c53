#include "server/start_store.hpp"

#include "config/environment.hpp"
#include "identity/demo.hpp"
#include "server/server.hpp"

namespace frpx::server {

std::string database_of(const config::frps_options& options) {
  if (options.demo) return "memory:";
  if (!options.database_url.empty()) return options.database_url.reveal();
  return "sqlite:" + (options.data_dir / "frpx.db").string();
}

std::unique_ptr<store::store> start_store(const config::frps_options& options, store_use use) {
  if (options.demo) {
    auto store = store::open(database_of(options)).value();
    identity::seed_demo(*store).value();
    return store;
  }
  if (const auto problem = config::prepare_data_dir(options.data_dir); !problem.empty()) {
    throw start_error(problem);
  }
  auto store = store::open(database_of(options), {.timeout = options.database_timeout,
                                                  .connections = options.database_pool,
                                                  .migrate = use != store_use::look,
                                                  .may_be_away = use == store_use::serve});
  if (store) return std::move(*store);
  const bool is_older = store.error().code == store::errc::older_schema;
  throw start_error(store.error().text +
                    (is_older ? "; bring it up to date: frps db migrate" : ""));
}

std::unique_ptr<cache::redis_cache> start_cache(const config::frps_options& options,
                                                const store::store& store) {
  if (options.redis_url.empty() || options.demo) return nullptr;
  auto url = cache::parse_redis_url(options.redis_url.reveal());
  if (!url) throw start_error("--redis-url: " + url.error().message());
  return std::make_unique<cache::redis_cache>(std::move(*url), store.scope());
}

}  // namespace frpx::server
