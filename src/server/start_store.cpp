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

std::unique_ptr<store::store> start_store(const config::frps_options& options) {
  if (options.demo) {
    auto store = store::open(database_of(options)).value();
    identity::seed_demo(*store).value();
    return store;
  }
  if (const auto problem = config::prepare_data_dir(options.data_dir); !problem.empty()) {
    throw start_error(problem);
  }
  auto store = store::open(database_of(options));
  if (!store) throw start_error(store.error().text);
  return std::move(*store);
}

}  // namespace frpx::server
