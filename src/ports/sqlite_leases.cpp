#include "ports/sqlite_leases.hpp"

#include "store/sqlite/file.hpp"

namespace frpx::ports {
namespace {

using store::connection;
using store::query;

constexpr std::int64_t newest_schema = 1;

// Times are microseconds since 1970. `revision` is that of the round that wrote the row last.
constexpr const char* schema = R"sql(
CREATE TABLE lease_state (
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  removal INTEGER NOT NULL,
  closes_are_told INTEGER NOT NULL
) STRICT;
INSERT INTO lease_state VALUES (1, 0, 0, 0);
CREATE TABLE leases (
  proxy TEXT NOT NULL PRIMARY KEY,
  port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  owner TEXT NOT NULL,
  shared_by TEXT NOT NULL,
  run_id TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  created INTEGER NOT NULL,
  used INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX leases_port ON leases (port, transport);
CREATE INDEX leases_revision ON leases (revision);
)sql";

result<void> migrate(connection& db) {
  store::transaction change(db);
  if (!change.begun()) return change.begun();
  query table(db, "SELECT 1 FROM sqlite_master WHERE name = 'lease_state'");
  const auto there = table.next();
  if (!there) return there.error();
  if (*there == query::step::end) {
    if (const auto made = db.execute(schema); !made) return made;
    return change.commit();
  }
  query version(db, "SELECT version FROM lease_state");
  if (const auto row = version.next(); !row) return row.error();
  if (version.integer(0) > newest_schema) return store::errc::newer_schema;
  return {};
}

lease row_of(const query& from) {
  return {.proxy = from.text(0),
          .port = static_cast<std::uint16_t>(from.integer(1)),
          .over = from.text(2) == "udp" ? transport::udp : transport::tcp,
          .user = from.text(3),
          .group = from.text(4),
          .run_id = from.text(5),
          .state = static_cast<use>(from.integer(6)),
          .created = from.time(7),
          .used = from.time(8)};
}

result<void> remove(connection& db, const std::string& proxy) {
  query statement(db, "DELETE FROM leases WHERE proxy = ?");
  statement.bind(proxy);
  return statement.run();
}

result<void> put(connection& db, const lease& row, std::int64_t revision) {
  query statement(db, R"sql(
    INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (proxy) DO UPDATE SET port = excluded.port, transport = excluded.transport,
      owner = excluded.owner, shared_by = excluded.shared_by, run_id = excluded.run_id,
      state = excluded.state, created = excluded.created, used = excluded.used,
      revision = excluded.revision)sql");
  statement.bind(row.proxy)
      .bind(std::int64_t{row.port})
      .bind(to_string(row.over))
      .bind(row.user)
      .bind(row.group)
      .bind(row.run_id)
      .bind(static_cast<std::int64_t>(row.state))
      .bind(row.created)
      .bind(row.used)
      .bind(revision);
  return statement.run();
}

}  // namespace

boost::system::result<std::unique_ptr<lease_store>, store::open_error> sqlite_leases::open(
    const std::string& path, const store::open_options& options) {
  auto db = store::open_for_writing(path, options, migrate);
  if (!db) return db.error();
  return std::unique_ptr<lease_store>(new sqlite_leases(std::move(*db)));
}

result<void> sqlite_leases::run_round(const decider& decide, bool bring_all) {
  store::transaction round(db_);
  if (!round.begun()) return round.begun();
  auto news = read_news(bring_all);
  if (!news) return news.error();
  const state read = now_;
  const lease_changes changes = decide(std::move(*news));
  if (!changes.empty()) {
    if (const auto written = write(changes); !written) return written;
    if (const auto done = round.commit(); !done) return done;
  }
  seen_ = changes.empty() ? read : now_;
  return {};
}

result<lease_news> sqlite_leases::read_news(bool bring_all) {
  query current(db_, "SELECT revision, removal, closes_are_told FROM lease_state");
  if (const auto row = current.next(); !row) {
    return row.error();
  } else if (*row == query::step::end) {
    return store::errc::corrupt;
  }
  now_ = {current.integer(0), current.integer(1)};
  lease_news news{.all = bring_all || now_.removal > seen_.removal,
                  .closes_are_told = current.integer(2) != 0};
  if (!news.all && now_.revision == seen_.revision) return news;
  query rows(db_,
             R"sql(SELECT proxy, port, transport, owner, shared_by, run_id, state, created, used
                        FROM leases WHERE revision > ?)sql");
  rows.bind(news.all ? -1 : seen_.revision);
  for (;;) {
    const auto step = rows.next();
    if (!step) return step.error();
    if (*step == query::step::end) return news;
    news.rows.push_back(row_of(rows));
  }
}

result<void> sqlite_leases::write(const lease_changes& changes) {
  ++now_.revision;
  if (!changes.removed.empty()) now_.removal = now_.revision;
  for (const std::string& proxy : changes.removed) {
    if (const auto done = remove(db_, proxy); !done) return done;
  }
  for (const lease& row : changes.put) {
    if (!is_valid(row)) return store::errc::bad_value;
    if (const auto done = put(db_, row, now_.revision); !done) return done;
  }
  query statement(db_, R"sql(UPDATE lease_state SET revision = ?, removal = ?,
                             closes_are_told = closes_are_told OR ?)sql");
  statement.bind(now_.revision).bind(now_.removal).bind(std::int64_t{changes.closes_are_told});
  return statement.run();
}

}  // namespace frpx::ports
