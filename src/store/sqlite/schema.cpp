#include "store/sqlite/schema.hpp"

#include <iterator>

namespace frpx::store {
namespace {

// The n-th text leads from version n to n + 1 and is never changed once released. Times are
// microseconds since 1970. `changes` counts what may change who comes in, by whatever hand.
constexpr const char* migrations[] = {
    R"sql(
CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('client', 'viewer', 'admin')),
  created INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  expires INTEGER,
  created INTEGER NOT NULL,
  last_used INTEGER
) STRICT;
CREATE UNIQUE INDEX api_keys_active_name ON api_keys (name) WHERE status = 'active';
CREATE INDEX api_keys_owner ON api_keys (owner);

CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  issued INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  last_used INTEGER,
  revoked INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT;
CREATE INDEX tokens_user ON tokens (user_id, issued, id);
CREATE INDEX tokens_expires ON tokens (expires);

CREATE TABLE gpu_assets (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  machine_id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('online', 'offline')),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (user_id, machine_id)
) STRICT;
CREATE INDEX gpu_assets_online ON gpu_assets (updated) WHERE status = 'online';

CREATE TABLE changes (count INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (0);
CREATE TRIGGER user_added AFTER INSERT ON users
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER user_changed AFTER UPDATE ON users
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER user_removed AFTER DELETE ON users
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER key_added AFTER INSERT ON api_keys
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER key_changed AFTER UPDATE OF id, name, owner, hash, status, expires ON api_keys
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER key_removed AFTER DELETE ON api_keys
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER token_revoked AFTER UPDATE OF user_id, expires, revoked ON tokens
  BEGIN UPDATE changes SET count = count + 1; END;
CREATE TRIGGER token_removed AFTER DELETE ON tokens
  BEGIN UPDATE changes SET count = count + 1; END;
)sql",
    R"sql(
ALTER TABLE api_keys ADD COLUMN per_minute INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN at_once INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN models TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN clients TEXT NOT NULL DEFAULT '';
CREATE TRIGGER key_limited AFTER UPDATE OF per_minute, at_once, models, clients ON api_keys
  BEGIN UPDATE changes SET count = count + 1; END;

CREATE TABLE usage (
  hour INTEGER NOT NULL,
  key TEXT NOT NULL,
  client TEXT NOT NULL,
  model TEXT NOT NULL,
  requests INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  PRIMARY KEY (hour, key, client, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_batches (id TEXT NOT NULL PRIMARY KEY, added INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
)sql",
    R"sql(
ALTER TABLE users ADD COLUMN ports TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
CREATE TABLE audit (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  origin TEXT NOT NULL,
  action TEXT NOT NULL,
  what TEXT NOT NULL,
  outcome TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
)sql",
    // The ids that are known from before belong to whoever had a client there last.
    R"sql(
CREATE TABLE clients (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  since INTEGER NOT NULL,
  seen INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_user ON clients (user_id, seen, id);
INSERT INTO clients SELECT machine_id, user_id, created, max(updated)
  FROM gpu_assets GROUP BY machine_id;
)sql",
    R"sql(
ALTER TABLE users ADD COLUMN leases INTEGER;
)sql",
};

result<int> version_of(connection& on) {
  query version(on, "PRAGMA user_version");
  const auto row = version.next();
  if (!row) return row.error();
  return static_cast<int>(version.integer(0));
}

}  // namespace

int newest_sqlite_schema() {
  return static_cast<int>(std::size(migrations));
}

result<void> refuse_older_sqlite(connection& on) {
  const auto version = version_of(on);
  if (!version) return version.error();
  if (*version > newest_sqlite_schema() || *version < 0) return errc::newer_schema;
  if (*version < newest_sqlite_schema()) return errc::older_schema;
  return {};
}

result<void> migrate_sqlite(connection& on) {
  if (const auto version = version_of(on); !version) {
    return version.error();
  } else if (*version == newest_sqlite_schema()) {
    return {};  // the usual start takes no lock
  }
  transaction change(on);
  if (!change.begun()) return change.begun();
  const auto version = version_of(on);
  if (!version) return version.error();
  if (*version > newest_sqlite_schema() || *version < 0) return errc::newer_schema;
  for (int from = *version; from < newest_sqlite_schema(); ++from) {
    if (const auto done = on.execute(migrations[from]); !done) return done;
  }
  const std::string mark = "PRAGMA user_version = " + std::to_string(newest_sqlite_schema());
  if (const auto done = on.execute(mark.c_str()); !done) return done;
  return change.commit();
}

}  // namespace frpx::store
