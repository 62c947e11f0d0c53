// Leases in PostgreSQL, for several keepers beside several frp servers.
#pragma once

#include <optional>

#include "ports/lease_store.hpp"
#include "store/postgres/connection.hpp"

namespace frpx::ports {

/// Keeps leases in tables of their own, in the database of store::postgres_store or in another. An
/// advisory lock shuts out other keepers for the time of a round, and unique indexes stand behind
/// it. After an error the connection is made anew; a round that was under way then may or may not
/// have been written, which the next one reads.
class postgres_leases final : public lease_store {
 public:
  static boost::system::result<std::unique_ptr<lease_store>, store::open_error> open(
      const std::string& url, const store::open_options& options);

  std::string_view kind() const override { return "postgres"; }

 private:
  postgres_leases(std::string url, const store::open_options& options)
      : url_(std::move(url)), timeout_(options.timeout) {}

  result<void> run_round(const decider& decide, bool bring_all) override;
  result<void> run_connected(const decider& decide, bool bring_all, steady_time deadline);
  result<lease_news> read_news(bool bring_all, steady_time deadline);
  result<void> write(const lease_changes& changes, steady_time deadline);

  struct state {
    std::int64_t revision = 0;
    std::int64_t removal = 0;
  };

  const std::string url_;
  const std::chrono::milliseconds timeout_;
  std::optional<store::pg::connection> db_;
  state seen_;  // by the reader
  state now_;   // within a round
};

}  // namespace frpx::ports
