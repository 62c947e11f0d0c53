// What requests came to, summed up until it is written down.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "store/rows.hpp"

namespace frpx::gateway {

/// Usage by key, client, model and hour. Adding to a row that is there allocates nothing.
///
/// The number of rows is bounded, for requests choose their model's name: once there are `most`,
/// what would need another row adds to that of model `others` and client `others` of the same key
/// and hour, and once there are twice as many, to one row of key `others` for each hour. So details
/// may be lost, requests never.
///
/// One thread at a time.
class usage_table {
 public:
  static constexpr std::string_view others = store::other_usage;
  /// Stands for every model that no client reported: requests choose those names freely.
  static constexpr std::string_view other_model = "(other)";

  explicit usage_table(std::size_t most) : most_(most) {}

  /// `model` is any text; what is no plain text counts as none.
  void add(std::string_view key, std::string_view client, std::string_view model, wall_time hour,
           const store::usage& what);
  void add(const store::usage_row& row) { add(row.key, row.client, row.model, row.hour, row.of); }

  /// Hands over at most `most` rows that hold anything. The places of those that were used since
  /// the last call stay; the others go.
  std::vector<store::usage_row> take(std::size_t most);

  bool empty() const { return used_ == 0; }
  /// Whether details were lost since the last call.
  bool lost_details() { return std::exchange(lost_details_, false); }

 private:
  struct place_view {
    std::string_view key;
    std::string_view client;
    std::string_view model;
    wall_time hour;
    bool operator==(const place_view&) const = default;
  };
  struct place {
    std::string key;
    std::string client;
    std::string model;
    wall_time hour;
    operator place_view() const { return {key, client, model, hour}; }
  };
  struct hash {
    using is_transparent = void;
    std::size_t operator()(const place_view& of) const;
  };
  struct same {
    using is_transparent = void;
    bool operator()(const place_view& left, const place_view& right) const { return left == right; }
  };

  store::usage& at(place_view where);

  const std::size_t most_;
  std::unordered_map<place, store::usage, hash, same> rows_;
  std::size_t used_ = 0;  // rows that hold anything
  bool lost_details_ = false;
};

}  // namespace frpx::gateway
