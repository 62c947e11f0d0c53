// What the keys used.
#include "core/names.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::many;
using pg::rows;
using pg::values;

usage_sum read_sum(const rows& from, int row) {
  const auto number = [&](int column) {
    return static_cast<std::uint64_t>(from.integer(row, column));
  };
  return {from.text(row, 0), {number(1), number(2), number(3), number(4), number(5), number(6)}};
}

constexpr std::int64_t usage_lock = 0x66727078'75736167;  // "frpxusag", as others have theirs

#define FRPX_SUMS                                                                 \
  "sum(requests) AS requests, sum(errors) AS errors, sum(bytes_in) AS bytes_in, " \
  "sum(bytes_out) AS bytes_out, sum(prompt_tokens) AS prompt_tokens, "            \
  "sum(completion_tokens) AS completion_tokens"

// $11 and $12: other_usage and usage_rows_per_hour.
constexpr const char* add_rows =
    "WITH given AS (SELECT hour, key, client, model, " FRPX_SUMS
    " FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bigint[], "
    "$6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]) AS n "
    "(hour, key, client, model, requests, errors, bytes_in, bytes_out, prompt_tokens, "
    "completion_tokens) GROUP BY 1, 2, 3, 4), "
    "hours AS (SELECT hour, key, count(*) AS rows FROM frpx_usage "
    "WHERE (hour, key) IN (SELECT hour, key FROM given) GROUP BY 1, 2), "
    "looked_up AS (SELECT *, EXISTS (SELECT 1 FROM frpx_usage u WHERE (u.hour, u.key, u.client, "
    "u.model) = (g.hour, g.key, g.client, g.model)) AS is_known FROM given g), "
    "numbered AS (SELECT l.*, coalesce(f.rows, 0) + row_number() OVER (PARTITION BY hour, key, "
    "is_known ORDER BY client, model) AS number FROM looked_up l "
    "LEFT JOIN hours f USING (hour, key)), "
    "placed AS (SELECT hour, key, "
    "CASE WHEN is_known OR number <= $12::bigint THEN client ELSE $11::text END AS client, "
    "CASE WHEN is_known OR number <= $12::bigint THEN model ELSE $11::text END AS model, "
    "requests, errors, bytes_in, bytes_out, prompt_tokens, completion_tokens FROM numbered) "
    "INSERT INTO frpx_usage AS u SELECT hour, key, client, model, " FRPX_SUMS
    " FROM placed GROUP BY 1, 2, 3, 4 "
    "ON CONFLICT (hour, key, client, model) DO UPDATE SET "
    "requests = u.requests + excluded.requests, errors = u.errors + excluded.errors, "
    "bytes_in = u.bytes_in + excluded.bytes_in, bytes_out = u.bytes_out + excluded.bytes_out, "
    "prompt_tokens = u.prompt_tokens + excluded.prompt_tokens, "
    "completion_tokens = u.completion_tokens + excluded.completion_tokens";

// One array for each column.
values columns_of(std::span<const usage_row> of) {
  const auto column = [&](auto text_of) {
    std::vector<std::string> texts;
    for (const usage_row& row : of) texts.push_back(text_of(row));
    return texts;
  };
  const auto numbers = [&](std::uint64_t usage::* which) {
    return column([which](const usage_row& row) { return std::to_string(row.of.*which); });
  };
  return values()
      .add_list(column([](const usage_row& row) { return to_rfc3339(row.hour); }))
      .add_list(column([](const usage_row& row) { return row.key; }))
      .add_list(column([](const usage_row& row) { return row.client; }))
      .add_list(column([](const usage_row& row) { return row.model; }))
      .add_list(numbers(&usage::requests))
      .add_list(numbers(&usage::errors))
      .add_list(numbers(&usage::bytes_in))
      .add_list(numbers(&usage::bytes_out))
      .add_list(numbers(&usage::prompt_tokens))
      .add_list(numbers(&usage::completion_tokens));
}

}  // namespace

result<void> postgres_store::add_usage(std::string_view batch, std::span<const usage_row> of) {
  if (!is_name(batch) ||
      !std::all_of(of.begin(), of.end(), [](const usage_row& row) { return is_valid(row); })) {
    return errc::bad_value;
  }
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction change(*asked->on, asked->deadline);
  if (!change.begun()) return change.begun();
  const auto swept = asked->run(
      "DELETE FROM frpx_usage_batches WHERE added < NOW() - make_interval(hours => $1::int)",
      values().add(std::int64_t{batch_memory.count()}));
  if (!swept) return swept.error();
  const auto noted =
      asked->run("INSERT INTO frpx_usage_batches (id) VALUES ($1) ON CONFLICT DO NOTHING",
                 values().add(batch));
  if (!noted) return noted.error();
  if (noted->changed() == 0) return {};
  // One server at a time: others would count the rows of an hour before these are there.
  const auto alone =
      asked->run("SELECT pg_advisory_xact_lock($1::bigint)", values().add(usage_lock));
  if (!alone) return alone.error();
  const auto added = asked->run(
      add_rows,
      columns_of(of).add(other_usage).add(static_cast<std::int64_t>(usage_rows_per_hour)));
  if (!added) return added.error();
  return change.commit();
}

result<std::vector<usage_sum>> postgres_store::sum_usage(usage_by by, wall_time from,
                                                         wall_time to) {
  const std::string sql = "SELECT " + std::string(to_string(by)) +
                          ", sum(requests)::bigint, sum(errors)::bigint, sum(bytes_in)::bigint, "
                          "sum(bytes_out)::bigint, sum(prompt_tokens)::bigint, "
                          "sum(completion_tokens)::bigint FROM frpx_usage "
                          "WHERE hour >= $1::timestamptz AND hour < $2::timestamptz "
                          "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $3";
  return many(run(sql.c_str(), values().add(from).add(to).add(pg::bounded(longest_page))),
              read_sum);
}

result<std::size_t> postgres_store::remove_usage_before(wall_time when) {
  const auto done = run("DELETE FROM frpx_usage WHERE hour < $1::timestamptz", values().add(when));
  if (!done) return done.error();
  return done->changed();
}

}  // namespace frpx::store
