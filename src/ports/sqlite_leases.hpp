// Leases in an SQLite file.
#pragma once

#include "ports/lease_store.hpp"
#include "store/sqlite/connection.hpp"

namespace frpx::ports {

/// Keeps leases in tables of their own, in the file of store::sqlite_store or in another. Several
/// processes may use it at once, on a local disk. A round costs one flush, if it writes at all.
class sqlite_leases final : public lease_store {
 public:
  static boost::system::result<std::unique_ptr<lease_store>, store::open_error> open(
      const std::string& path, const store::open_options& options);

  std::string_view kind() const override { return "sqlite"; }

 private:
  explicit sqlite_leases(store::connection db) : db_(std::move(db)) {}

  result<void> run_round(const decider& decide, bool bring_all) override;
  result<lease_news> read_news(bool bring_all);
  result<void> write(const lease_changes& changes);

  // The numbers of the row in lease_state: of the last round that wrote, and of the last one that
  // took leases away.
  struct state {
    std::int64_t revision = 0;
    std::int64_t removal = 0;
  };

  store::connection db_;
  state seen_;  // by the reader
  state now_;   // within a round
};

}  // namespace frpx::ports
