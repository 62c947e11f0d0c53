// Brings what requests came to into the store.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <vector>

#include "gateway/gateway.hpp"
#include "net/blocking_pool.hpp"
#include "net/wakeup.hpp"
#include "server/usage_file.hpp"
#include "server/usage_sums.hpp"
#include "store/store.hpp"

namespace frpx::server {

/// Every other second it writes what the workers have handed in, in batches. While the store is
/// away that goes on adding up in memory, bounded (gateway::usage_table), and is written later; a
/// batch of which nobody knows whether it was written is sent again as it was, and counts once.
///
/// At the end what is left is written, or, when the store is away, laid down in a file that the
/// next start reads. So a server that is stopped loses nothing; one that is killed loses what was
/// counted since the last batch.
///
/// Made and used on the home worker; what blocks runs on the pool. `run` ends by being cancelled.
class usage_writer {
 public:
  /// `file`: for what could not be written at the end; empty: it is lost then.
  /// `sums` gets what is written as well.
  usage_writer(net::blocking_pool& blocking, store::store& store, gateway::gateway& entry,
               std::filesystem::path file, usage_sums& sums);

  boost::asio::awaitable<void> run();

  /// Writes what is left. Blocks; for the end, when the workers have been joined.
  void leave();

 private:
  boost::asio::awaitable<void> read_file();
  boost::asio::awaitable<bool> write_batch();
  bool next_batch();
  bool settle(error_code why);
  void remove_file();

  net::blocking_pool& blocking_;
  store::store& store_;
  gateway::gateway& entry_;
  const std::filesystem::path file_;
  usage_sums& sums_;
  std::vector<usage_batch> left_over_;  // of the last run, as the file has them
  bool file_is_there_ = false;
  usage_batch batch_;  // without rows: none is under way
};

}  // namespace frpx::server
