#include "keeper/embedded.hpp"

#include "http/router.hpp"
#include "keeper/setup.hpp"

namespace frpx::keeper {

std::unique_ptr<embedded> embedded::start(const config::frps_options& options,
                                          const std::string& database) {
  if (options.keeper_path.empty()) return nullptr;
  ports::lease_options with;
  with.by.allowed = ranges_from(options.allow_ports, "--allow-ports");
  with.by.most_per_user = options.max_leases;
  auto leases = open_leases(database, std::move(with));
  return std::unique_ptr<embedded>(new embedded(options.keeper_path, std::move(leases)));
}

http::handler beside(embedded* keeper, http::handler others) {
  if (keeper == nullptr) return others;
  http::router own({{"POST", keeper->path(), handler_of(keeper->plugin())}});
  return [path = keeper->path(), own = std::move(own),
          others = std::move(others)](http::request asked) {
    return asked.head->path == path ? own(std::move(asked)) : others(std::move(asked));
  };
}

}  // namespace frpx::keeper
