// Where the workers hand in what they counted.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "gateway/usage_table.hpp"

namespace frpx::gateway {

/// Between the workers, which count without a lock and hand in now and then, and whoever writes it
/// down. Bounded as a usage_table is. Any thread.
class usage_inbox {
 public:
  static constexpr std::size_t most_rows = 10'000;

  void put(const std::vector<store::usage_row>& rows) {
    const std::scoped_lock lock(mutex_);
    for (const store::usage_row& row : rows) table_.add(row);
  }

  /// At most `most` rows, and whether details were lost since the last call.
  std::pair<std::vector<store::usage_row>, bool> take(std::size_t most) {
    const std::scoped_lock lock(mutex_);
    const bool lost_details = table_.lost_details();
    return {table_.take(most), lost_details};
  }

 private:
  std::mutex mutex_;
  usage_table table_{most_rows};
};

}  // namespace frpx::gateway
