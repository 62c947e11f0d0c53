// A book in which the changes of one round are marked.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "ports/lease_book.hpp"
#include "ports/lease_store.hpp"

namespace frpx::ports {

/// Where changes are decided before they are written. Thrown away when writing fails.
class lease_draft {
 public:
  explicit lease_draft(std::shared_ptr<const rules> by) : book_(std::move(by)) {}

  const lease_book& book() const { return book_; }
  /// Takes in what others have written.
  void learn(const lease_news& news);
  void put(lease row);
  void erase(std::string_view proxy);
  /// What was put and erased since the last call, so that it can be written in any order.
  lease_changes take_changes();

 private:
  void touch(const std::string& proxy);

  lease_book book_;
  std::vector<std::string> touched_;  // in the order of their first change
  std::unordered_set<std::string> seen_;
  std::unordered_set<std::string> moved_;  // those that had another port before
};

}  // namespace frpx::ports
