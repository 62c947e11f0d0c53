// What the verbs of commands.hpp share: how they read lists, and how they answer.
#pragma once

#include <boost/json/value.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/clock.hpp"
#include "identity/commands.hpp"

namespace frpx::identity {

/// The answer of a verb that did what it was asked for, in the form that is wanted.
outcome done(form as, const std::string& line, const boost::json::value& value);
/// That the store would not do something with `what`, in the words of users and keys.
outcome failed(form as, const std::string& what, error_code why);

std::string quoted(std::string_view text);
boost::json::value time_or_null(const std::optional<wall_time>& time);
std::string time_or_dash(const std::optional<wall_time>& time);

/// Columns padded to their widest cell, two spaces apart.
std::string as_table(const std::vector<std::vector<std::string>>& lines);

/// All rows of a list, oldest first, fetched page by page.
template <class Row>
result<std::vector<Row>> all_rows(
    store::store& store, result<std::vector<Row>> (store::store::*list)(const store::page&),
    wall_time Row::* age) {
  std::vector<Row> rows;
  for (store::page at{.limit = store::longest_page};;) {
    auto part = (store.*list)(at);
    if (!part) return part.error();
    if (part->empty()) break;
    at.after = part->back().id;
    std::move(part->begin(), part->end(), std::back_inserter(rows));
  }
  std::sort(rows.begin(), rows.end(), [age](const Row& left, const Row& right) {
    return std::tie(left.*age, left.id) < std::tie(right.*age, right.id);
  });
  return rows;
}

}  // namespace frpx::identity
