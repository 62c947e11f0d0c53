// Where leases last.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "ports/lease.hpp"
#include "store/store.hpp"

namespace frpx::ports {

/// What a store holds that its reader does not know yet.
struct lease_news {
  bool all = false;              ///< `rows` is everything: forget the rest.
  std::vector<lease> rows;       ///< New and changed ones.
  bool closes_are_told = false;  ///< See lease_changes.
};

/// What is to be written, all or nothing. Rows are valid (is_valid).
struct lease_changes {
  std::vector<std::string> removed;  ///< Names of proxies; first. Unknown ones are passed over.
  std::vector<lease> put;            ///< New ones, or in place of those of the same name.
  bool closes_are_told = false;      ///< From now on it is known that frps tells of closed proxies.

  bool empty() const { return removed.empty() && put.empty() && !closes_are_told; }
};

/// Keeps leases, the same way whatever lies below: every backend passes
/// ports/lease_store_contract_test.cpp. Beside the tables of store::store, in the same database or
/// in one of its own.
///
/// One thread at a time. Calls block, up to the time-out the store was opened with.
class lease_store {
 public:
  using decider = std::function<lease_changes(lease_news)>;

  lease_store() = default;
  lease_store(const lease_store&) = delete;
  lease_store& operator=(const lease_store&) = delete;
  virtual ~lease_store() = default;

  virtual std::string_view kind() const = 0;

  /// One round: shuts out every other writer, of any process and machine; gives `decide` what they
  /// wrote since this store's last round (everything, the first time); writes what it returns and
  /// opens again. When this succeeds, all is on the disk. `decide` runs once, or not at all when
  /// the store cannot be asked. After an error nothing may be taken as written, and the next round
  /// brings everything again.
  /// Errors: those of store::store.
  result<void> exchange(const decider& decide);

 private:
  virtual result<void> run_round(const decider& decide, bool bring_all) = 0;

  bool in_step_ = false;
};

/// Opens what `url` names (see store::open) and makes its tables. Blocks.
boost::system::result<std::unique_ptr<lease_store>, store::open_error> open_leases(
    const std::string& url, const store::open_options& options = {});

}  // namespace frpx::ports
