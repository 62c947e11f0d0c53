#include "ports/postgres_leases.hpp"

namespace frpx::ports {
namespace {

using store::pg::connection;
using store::pg::rows;
using store::pg::transaction;
using store::pg::values;

constexpr std::int64_t newest_schema = 1;
// Whoever writes leases, or makes their tables, holds this lock for the time of a transaction.
constexpr const char* take_lock = "SELECT pg_advisory_xact_lock(x'6b656570'::int)";  // "keep"

// Times are microseconds since 1970. `revision` is that of the round that wrote the row last.
constexpr const char* schema = R"sql(
CREATE TABLE frpx_lease_state (
  version BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  removal BIGINT NOT NULL,
  closes_are_told BOOLEAN NOT NULL
);
INSERT INTO frpx_lease_state VALUES (1, 0, 0, FALSE);
CREATE TABLE frpx_leases (
  proxy TEXT COLLATE "C" PRIMARY KEY,
  port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  owner TEXT NOT NULL,
  shared_by TEXT NOT NULL,
  run_id TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  created BIGINT NOT NULL,
  used BIGINT NOT NULL,
  revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX frpx_leases_port ON frpx_leases (port, transport);
CREATE INDEX frpx_leases_revision ON frpx_leases (revision);
)sql";

std::int64_t microseconds(wall_time time) {
  return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
}

wall_time time_of(std::int64_t since_1970) {
  return wall_time(std::chrono::microseconds(since_1970));
}

lease row_of(const rows& from, int row) {
  return {.proxy = from.text(row, 0),
          .port = static_cast<std::uint16_t>(from.integer(row, 1)),
          .over = from.text(row, 2) == "udp" ? transport::udp : transport::tcp,
          .user = from.text(row, 3),
          .group = from.text(row, 4),
          .run_id = from.text(row, 5),
          .state = static_cast<use>(from.integer(row, 6)),
          .created = time_of(from.integer(row, 7)),
          .used = time_of(from.integer(row, 8))};
}

result<void> migrate(connection& db, steady_time deadline) {
  transaction change(db, deadline);
  if (!change.begun()) return change.begun();
  if (const auto locked = db.run(take_lock, {}, deadline); !locked) return locked.error();
  const auto there = db.run("SELECT to_regclass('frpx_lease_state') IS NOT NULL", {}, deadline);
  if (!there) return there.error();
  if (!there->flag(0, 0)) {
    if (const auto made = db.run_all(schema, deadline); !made) return made;
    return change.commit();
  }
  const auto version = db.run("SELECT version FROM frpx_lease_state", {}, deadline);
  if (!version) return version.error();
  if (version->size() != 1) return store::errc::corrupt;
  if (version->integer(0, 0) > newest_schema) return store::errc::newer_schema;
  return {};
}

// All rows in one statement: as many texts as there are columns, each a list.
result<void> put_all(connection& db, const std::vector<lease>& leases, std::int64_t revision,
                     steady_time deadline) {
  std::vector<std::string> columns[9];
  for (const lease& row : leases) {
    if (!is_valid(row)) return store::errc::bad_value;
    std::size_t i = 0;
    for (std::string text :
         {row.proxy, std::to_string(row.port), std::string(to_string(row.over)), row.user,
          row.group, row.run_id, std::to_string(static_cast<int>(row.state)),
          std::to_string(microseconds(row.created)), std::to_string(microseconds(row.used))}) {
      columns[i++].push_back(std::move(text));
    }
  }
  values with;
  for (const auto& column : columns) with.add_list(column);
  with.add(revision);
  const auto done = db.run(R"sql(
    INSERT INTO frpx_leases
    SELECT proxy, port::int, transport, owner, shared_by, run_id, state::int, created::bigint,
           used::bigint, $10::bigint
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::text[])
         AS t(proxy, port, transport, owner, shared_by, run_id, state, created, used)
    ON CONFLICT (proxy) DO UPDATE SET port = excluded.port, transport = excluded.transport,
      owner = excluded.owner, shared_by = excluded.shared_by, run_id = excluded.run_id,
      state = excluded.state, created = excluded.created, used = excluded.used,
      revision = excluded.revision)sql",
                           with, deadline);
  return done ? result<void>() : result<void>(done.error());
}

}  // namespace

boost::system::result<std::unique_ptr<lease_store>, store::open_error> postgres_leases::open(
    const std::string& url, const store::open_options& options) {
  const steady_time deadline = steady_clock::now() + options.timeout;
  const auto failed = [](error_code code, const std::string& why) {
    return store::open_error{
        code, "the PostgreSQL database: " + code.message() + (why.empty() ? "" : " (" + why + ")")};
  };
  std::unique_ptr<postgres_leases> made(new postgres_leases(url, options));
  std::string why;
  auto db = connection::open(url, deadline, &why);
  if (!db) return failed(db.error(), why);
  if (const auto done = migrate(*db, deadline); !done)
    return failed(done.error(), db->last_message());
  made->db_.emplace(std::move(*db));
  return std::unique_ptr<lease_store>(std::move(made));
}

result<void> postgres_leases::run_round(const decider& decide, bool bring_all) {
  const steady_time deadline = steady_clock::now() + timeout_;
  if (!db_) {
    auto db = connection::open(url_, deadline);
    if (!db) return db.error();
    db_.emplace(std::move(*db));
  }
  const auto done = run_connected(decide, bring_all, deadline);
  if (!done) db_.reset();
  return done;
}

result<void> postgres_leases::run_connected(const decider& decide, bool bring_all,
                                            steady_time deadline) {
  transaction round(*db_, deadline);
  if (!round.begun()) return round.begun();
  if (const auto locked = db_->run(take_lock, {}, deadline); !locked) return locked.error();
  auto news = read_news(bring_all, deadline);
  if (!news) return news.error();
  const lease_changes changes = decide(std::move(*news));
  if (!changes.empty()) {
    if (const auto written = write(changes, deadline); !written) return written;
    if (const auto done = round.commit(); !done) return done;
  }
  seen_ = now_;
  return {};
}

result<lease_news> postgres_leases::read_news(bool bring_all, steady_time deadline) {
  const auto current =
      db_->run("SELECT revision, removal, closes_are_told FROM frpx_lease_state", {}, deadline);
  if (!current) return current.error();
  if (current->size() != 1) return store::errc::corrupt;
  now_ = {current->integer(0, 0), current->integer(0, 1)};
  lease_news news{.all = bring_all || now_.removal > seen_.removal,
                  .closes_are_told = current->flag(0, 2)};
  if (!news.all && now_.revision == seen_.revision) return news;
  values since;
  since.add(news.all ? std::int64_t{-1} : seen_.revision);
  const auto read = db_->run(R"sql(
    SELECT proxy, port, transport, owner, shared_by, run_id, state, created, used
    FROM frpx_leases WHERE revision > $1::bigint)sql",
                             since, deadline);
  if (!read) return read.error();
  for (int row = 0; row < read->size(); ++row) news.rows.push_back(row_of(*read, row));
  return news;
}

result<void> postgres_leases::write(const lease_changes& changes, steady_time deadline) {
  ++now_.revision;
  if (!changes.removed.empty()) {
    now_.removal = now_.revision;
    values names;
    names.add_list(changes.removed);
    const auto done =
        db_->run("DELETE FROM frpx_leases WHERE proxy = ANY($1::text[])", names, deadline);
    if (!done) return done.error();
  }
  if (!changes.put.empty()) {
    if (const auto done = put_all(*db_, changes.put, now_.revision, deadline); !done) return done;
  }
  values with;
  with.add(now_.revision).add(now_.removal).add(changes.closes_are_told ? "true" : "false");
  const auto done = db_->run(R"sql(
    UPDATE frpx_lease_state SET revision = $1::bigint, removal = $2::bigint,
      closes_are_told = closes_are_told OR $3::boolean)sql",
                             with, deadline);
  return done ? result<void>() : result<void>(done.error());
}

}  // namespace frpx::ports
