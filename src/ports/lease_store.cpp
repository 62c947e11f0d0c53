#include "ports/lease_store.hpp"

#include "core/names.hpp"
#include "ports/memory_leases.hpp"
#include "ports/postgres_leases.hpp"
#include "ports/sqlite_leases.hpp"

namespace frpx::ports {
namespace {

using opened = boost::system::result<std::unique_ptr<lease_store>, store::open_error>;

store::open_error refused(std::string_view scheme) {
  // Not the whole URL: it may hold a password.
  return {store::errc::unknown_scheme,
          "leases cannot be kept in a database of the kind `" + shown(scheme) +
              "`; --database-url takes sqlite:PATH, postgres://... or memory:"};
}

}  // namespace

result<void> lease_store::exchange(const decider& decide) {
  const bool bring_all = !std::exchange(in_step_, false);
  const auto done = run_round(decide, bring_all);
  in_step_ = done.has_value();
  return done;
}

opened open_leases(const std::string& url, const store::open_options& options) {
  const auto colon = url.find(':');
  if (colon == url.npos) return refused("(none)");
  const std::string scheme = url.substr(0, colon);
  std::string rest = url.substr(colon + 1);
  if (scheme == "memory" && rest.empty()) return opened(std::make_unique<memory_leases>());
  if (scheme == "postgres" || scheme == "postgresql") return postgres_leases::open(url, options);
  if (scheme != "sqlite") return refused(scheme.substr(0, 32));
  if (rest.starts_with("//")) rest.erase(0, 2);
  if (rest.empty() || rest.starts_with(':')) {
    return store::open_error{store::errc::unknown_scheme,
                             "sqlite: needs the path of a file, as in sqlite:keeper.db"};
  }
  return sqlite_leases::open(rest, options);
}

}  // namespace frpx::ports
