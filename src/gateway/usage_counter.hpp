// What one worker's requests come to.
#pragma once

#include <string_view>

#include "gateway/usage_inbox.hpp"
#include "gateway/usage_table.hpp"
#include "net/timers.hpp"

namespace frpx::gateway {

/// Counts without a lock, in the hour that it is, and hands in by itself, every other second while
/// there is anything. Touched by its worker only.
class usage_counter final : private net::deadline {
 public:
  usage_counter(net::timers& on, usage_inbox& inbox) : deadline(on), inbox_(inbox) {}

  void add(std::string_view key, std::string_view client, std::string_view model,
           const store::usage& what);
  void hand_in();

 private:
  void expired() override { hand_in(); }

  usage_inbox& inbox_;
  usage_table table_{usage_inbox::most_rows};
};

}  // namespace frpx::gateway
