// Leases that last as long as the process: for the demo and for tests.
#pragma once

#include <map>

#include "ports/lease_store.hpp"

namespace frpx::ports {

class memory_leases final : public lease_store {
 public:
  std::string_view kind() const override { return "memory"; }

 private:
  result<void> run_round(const decider& decide, bool bring_all) override;

  std::map<std::string, lease, std::less<>> rows_;
  bool closes_are_told_ = false;
};

}  // namespace frpx::ports
