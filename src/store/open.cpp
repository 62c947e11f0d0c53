#include <stdexcept>

#include "core/names.hpp"
#include "store/memory/memory_store.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "store/store.hpp"

namespace frpx::store {
namespace {

open_error refused(std::string_view scheme) {
  // Not the whole URL: it may hold a password.
  return {errc::unknown_scheme,
          "a database of the kind `" + shown(scheme) +
              "` is not built in; --database-url takes sqlite:PATH, postgres://... or memory:"};
}

}  // namespace

void throw_exception_from_error(const open_error& error, const boost::source_location&) {
  throw std::runtime_error(error.text);
}

boost::system::result<std::unique_ptr<store>, open_error> open(const std::string& url,
                                                               const open_options& options) {
  const auto colon = url.find(':');
  if (colon == std::string::npos) return refused("(none)");
  const std::string scheme = url.substr(0, colon);
  std::string rest = url.substr(colon + 1);
  if (scheme == "memory" && rest.empty()) return std::unique_ptr<store>(new memory_store);
  if (scheme == "postgres" || scheme == "postgresql") return postgres_store::open(url, options);
  if (scheme != "sqlite") return refused(scheme.substr(0, 32));
  if (rest.starts_with("//")) rest.erase(0, 2);
  if (rest.empty() || rest.starts_with(':')) {
    return open_error{errc::unknown_scheme,
                      "sqlite: needs the path of a file, as in sqlite:/var/lib/frpx/frpx.db"};
  }
  return sqlite_store::open(rest, options);
}

}  // namespace frpx::store
