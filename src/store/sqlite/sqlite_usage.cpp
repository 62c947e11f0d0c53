// What the keys used.
#include <algorithm>

#include "core/names.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace frpx::store {
namespace {

// ?11 and ?12: other_usage and usage_rows_per_hour.
constexpr const char* add_row =
    "INSERT INTO usage SELECT ?1, ?2, iif(has_row, ?3, ?11), iif(has_row, ?4, ?11), "
    "?5, ?6, ?7, ?8, ?9, ?10 FROM (SELECT "
    "EXISTS (SELECT 1 FROM usage WHERE hour = ?1 AND key = ?2 AND client = ?3 AND model = ?4) OR "
    "(SELECT count(*) FROM (SELECT 1 FROM usage WHERE hour = ?1 AND key = ?2 LIMIT ?12)) < ?12 "
    "AS has_row) WHERE true "
    "ON CONFLICT (hour, key, client, model) DO UPDATE SET "
    "requests = requests + excluded.requests, errors = errors + excluded.errors, "
    "bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out, "
    "prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
    "completion_tokens = completion_tokens + excluded.completion_tokens";

// A statement is kept by its literal, so there is one for each column.
#define FRPX_SUM_BY(column)                                                                       \
  "SELECT " column                                                                                \
  ", sum(requests), sum(errors), sum(bytes_in), sum(bytes_out), sum(prompt_tokens), "             \
  "sum(completion_tokens) FROM usage WHERE hour >= ? AND hour < ? GROUP BY 1 ORDER BY 2 DESC, 1 " \
  "LIMIT ?"

const char* sum_by(usage_by by) {
  switch (by) {
    case usage_by::key:
      return FRPX_SUM_BY("key");
    case usage_by::client:
      return FRPX_SUM_BY("client");
    case usage_by::model:
      break;
  }
  return FRPX_SUM_BY("model");
}

std::int64_t number(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

}  // namespace

result<void> sqlite_store::add_usage(std::string_view batch, std::span<const usage_row> rows) {
  if (!is_name(batch) ||
      !std::all_of(rows.begin(), rows.end(), [](const usage_row& row) { return is_valid(row); })) {
    return errc::bad_value;
  }
  const std::scoped_lock lock(writer_.mutex);
  transaction change(writer_.db);
  if (!change.begun()) return change.begun();
  const wall_time now = wall_clock::now();
  const auto swept =
      query(writer_.db, "DELETE FROM usage_batches WHERE added < ?").bind(now - batch_memory).run();
  if (!swept) return swept;
  const auto noted =
      query(writer_.db, "INSERT INTO usage_batches VALUES (?, ?) ON CONFLICT DO NOTHING")
          .bind(batch)
          .bind(now)
          .run();
  if (!noted) return noted;
  if (writer_.db.changed_rows() == 0) return {};
  for (const usage_row& row : rows) {
    const auto added = query(writer_.db, add_row)
                           .bind(row.hour)
                           .bind(row.key)
                           .bind(row.client)
                           .bind(row.model)
                           .bind(number(row.of.requests))
                           .bind(number(row.of.errors))
                           .bind(number(row.of.bytes_in))
                           .bind(number(row.of.bytes_out))
                           .bind(number(row.of.prompt_tokens))
                           .bind(number(row.of.completion_tokens))
                           .bind(other_usage)
                           .bind(number(usage_rows_per_hour))
                           .run();
    if (!added) return added;
  }
  return change.commit();
}

result<std::vector<usage_sum>> sqlite_store::sum_usage(usage_by by, wall_time from, wall_time to) {
  const std::scoped_lock lock(reports_.mutex);
  query sum(reports_.db, sum_by(by));
  sum.bind(from).bind(to).bind(static_cast<std::int64_t>(longest_page));
  std::vector<usage_sum> out;
  for (;;) {
    const auto row = sum.next();
    if (!row) return row.error();
    if (*row == query::step::end) return out;
    const auto column = [&](int at) { return static_cast<std::uint64_t>(sum.integer(at)); };
    out.push_back(
        {sum.text(0), {column(1), column(2), column(3), column(4), column(5), column(6)}});
  }
}

result<std::size_t> sqlite_store::remove_usage_before(wall_time when) {
  const std::scoped_lock lock(writer_.mutex);
  query remove(writer_.db, "DELETE FROM usage WHERE hour < ?");
  if (const auto done = remove.bind(when).run(); !done) return done.error();
  return writer_.db.changed_rows();
}

}  // namespace frpx::store
