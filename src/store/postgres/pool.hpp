// The connections that a store shares among its threads.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "store/postgres/connection.hpp"

namespace frpx::store::pg {

/// At most `most` connections to one database, made when they are needed and kept while they are of
/// use. Any thread may call; it waits, up to the deadline, while all are taken.
class pool {
 public:
  pool(std::string url, std::size_t most) : url_(std::move(url)), most_(most) {}

  /// One connection, until it goes.
  class lease {
   public:
    lease(pool& owner, connection taken) : owner_(&owner), taken_(std::move(taken)) {}
    lease(lease&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), taken_(std::move(other.taken_)) {}
    lease& operator=(lease&&) = delete;
    ~lease() {
      if (owner_) owner_->give_back(std::move(taken_));
    }
    connection& operator*() { return taken_; }
    connection* operator->() { return &taken_; }

   private:
    pool* owner_;
    connection taken_;
  };

  /// Errors: unavailable, busy (all were taken until the deadline). `why` as in connection::open().
  result<lease> take(steady_time deadline, std::string* why = nullptr);

 private:
  void give_back(connection used);

  const std::string url_;
  const std::size_t most_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable returned_;
  std::vector<connection> idle_;
  std::size_t taken_ = 0;
};

}  // namespace frpx::store::pg
