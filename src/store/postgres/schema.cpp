#include "store/postgres/schema.hpp"

#include <iterator>

namespace frpx::store::pg {
namespace {

constexpr std::int64_t lock_number = 0x66727078;  // "frpx"

// The n-th text leads from version n to n + 1 and is never changed once released.
//
// `api_keys` and `gpu_assets` are public frpx's tables: they may be there already, with more
// columns and other types, and other programs may write to them. All else is ours and is called so.
// The keys that we make are kept apart from `api_keys`, whose further columns we could not fill.
//
// Each transaction that changes who comes in adds rows to `frpx_changes`, so that their sum moves
// when it commits; unlike one counter that all increment, rows make nobody wait. Who listens is
// told.
constexpr const char* migrations[] = {
    R"sql(
CREATE TABLE frpx_users (
  id TEXT COLLATE "C" PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('client', 'viewer', 'admin')),
  created TIMESTAMPTZ NOT NULL
);

CREATE TABLE frpx_keys (
  id TEXT COLLATE "C" PRIMARY KEY,
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  hash BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  expires TIMESTAMPTZ,
  created TIMESTAMPTZ NOT NULL,
  last_used TIMESTAMPTZ
);
CREATE UNIQUE INDEX frpx_keys_active_name ON frpx_keys (name) WHERE status = 'active';
CREATE INDEX frpx_keys_owner ON frpx_keys (owner);

CREATE TABLE frpx_tokens (
  id TEXT COLLATE "C" PRIMARY KEY,
  user_id TEXT COLLATE "C" NOT NULL REFERENCES frpx_users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  issued TIMESTAMPTZ NOT NULL,
  expires TIMESTAMPTZ NOT NULL,
  last_used TIMESTAMPTZ,
  revoked BOOLEAN NOT NULL
);
CREATE INDEX frpx_tokens_user ON frpx_tokens (user_id, issued, id);
CREATE INDEX frpx_tokens_expires ON frpx_tokens (expires);

CREATE TABLE IF NOT EXISTS api_keys (
  key TEXT PRIMARY KEY,
  status TEXT NOT NULL DEFAULT 'active',
  "expiresAt" TIMESTAMPTZ,
  "createdAt" TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  "updatedAt" TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS gpu_assets (
  "userId" TEXT COLLATE "C" NOT NULL,
  "machineId" TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'online',
  "createdAt" TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  "updatedAt" TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  PRIMARY KEY ("userId", "machineId")
);

CREATE TABLE frpx_changes (id BIGSERIAL PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT NOW());
CREATE FUNCTION frpx_note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $body$
BEGIN
  INSERT INTO frpx_changes DEFAULT VALUES;
  PERFORM pg_notify('frpx_changed', '');
  RETURN NULL;
END $body$;

CREATE TRIGGER frpx_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON frpx_users
  FOR EACH STATEMENT EXECUTE FUNCTION frpx_note_change();
CREATE TRIGGER frpx_changed AFTER INSERT OR UPDATE OF id, name, owner, hash, status, expires
  OR DELETE OR TRUNCATE ON frpx_keys
  FOR EACH STATEMENT EXECUTE FUNCTION frpx_note_change();
CREATE TRIGGER frpx_changed AFTER UPDATE OF user_id, expires, revoked OR DELETE ON frpx_tokens
  FOR EACH ROW EXECUTE FUNCTION frpx_note_change();
CREATE TRIGGER frpx_emptied AFTER TRUNCATE ON frpx_tokens
  FOR EACH STATEMENT EXECUTE FUNCTION frpx_note_change();

-- Who may not put triggers on a table of others does without: their changes are seen later.
DO $body$
BEGIN
  CREATE TRIGGER frpx_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION frpx_note_change();
EXCEPTION WHEN insufficient_privilege OR wrong_object_type THEN
  NULL;
END $body$;
)sql",
    // Limits have a table of their own because keys in `api_keys` have them as well.
    R"sql(
CREATE TABLE frpx_key_limits (
  id TEXT COLLATE "C" PRIMARY KEY,
  per_minute INT NOT NULL,
  at_once INT NOT NULL,
  models TEXT NOT NULL,
  clients TEXT NOT NULL
);
CREATE TRIGGER frpx_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON frpx_key_limits
  FOR EACH STATEMENT EXECUTE FUNCTION frpx_note_change();

CREATE TABLE frpx_usage (
  hour TIMESTAMPTZ NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  client TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  requests BIGINT NOT NULL,
  errors BIGINT NOT NULL,
  bytes_in BIGINT NOT NULL,
  bytes_out BIGINT NOT NULL,
  prompt_tokens BIGINT NOT NULL,
  completion_tokens BIGINT NOT NULL,
  PRIMARY KEY (hour, key, client, model)
);
CREATE TABLE frpx_usage_batches (id TEXT PRIMARY KEY, added TIMESTAMPTZ NOT NULL DEFAULT NOW());
)sql",
    R"sql(
ALTER TABLE frpx_users ADD COLUMN ports TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
CREATE TABLE frpx_audit (
  id BIGSERIAL PRIMARY KEY,
  at TIMESTAMPTZ NOT NULL,
  who TEXT NOT NULL,
  origin TEXT NOT NULL,
  action TEXT NOT NULL,
  what TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX frpx_audit_at ON frpx_audit (at);
)sql",
    // The ids that are known from before belong to whoever had a client there last. Public frpx's
    // table may hold machines of others and ids that are no names, and may not be ours to read:
    // then an id is of whoever logs in with it first.
    R"sql(
CREATE TABLE frpx_clients (
  id TEXT COLLATE "C" PRIMARY KEY,
  user_id TEXT COLLATE "C" NOT NULL REFERENCES frpx_users (id) ON DELETE CASCADE,
  since TIMESTAMPTZ NOT NULL,
  seen TIMESTAMPTZ NOT NULL
);
CREATE INDEX frpx_clients_user ON frpx_clients (user_id, seen, id);
DO $body$
BEGIN
  INSERT INTO frpx_clients (id, user_id, since, seen)
    SELECT DISTINCT ON (a."machineId"::text) a."machineId"::text, u.id,
      coalesce(a."createdAt"::timestamptz, NOW()), coalesce(a."updatedAt"::timestamptz, NOW())
    FROM gpu_assets a JOIN frpx_users u ON u.id = a."userId"::text
    WHERE a."machineId"::text ~ '^[A-Za-z0-9._:-]{1,128}$'
    ORDER BY a."machineId"::text, a."updatedAt" DESC NULLS LAST;
EXCEPTION WHEN insufficient_privilege OR undefined_column OR cannot_coerce THEN
  NULL;
END $body$;
)sql",
    R"sql(
ALTER TABLE frpx_users ADD COLUMN leases BIGINT;
)sql",
};

}  // namespace

int newest_schema() {
  return static_cast<int>(std::size(migrations));
}

result<int> schema_of(connection& on, steady_time deadline) {
  // Not by to_regclass(), which within a transaction may not see what others have made since.
  const auto there = on.run(
      "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'frpx_schema' "
      "AND schemaname = ANY (current_schemas(false)))",
      {}, deadline);
  if (!there) return there.error();
  if (!there->flag(0, 0)) return 0;
  const auto version = on.run("SELECT coalesce(max(version), 0) FROM frpx_schema", {}, deadline);
  if (!version) return version.error();
  return static_cast<int>(version->integer(0, 0));
}

result<void> migrate(connection& on, steady_time deadline) {
  if (const auto version = schema_of(on, deadline); !version) {
    return version.error();
  } else if (*version == newest_schema()) {
    return {};  // the usual start takes no lock
  }
  transaction change(on, deadline);
  if (!change.begun()) return change.begun();
  const auto locked =
      on.run("SELECT pg_advisory_xact_lock($1::bigint)", values().add(lock_number), deadline);
  if (!locked) return locked.error();
  const auto version = schema_of(on, deadline);
  if (!version) return version.error();
  if (*version > newest_schema()) return errc::newer_schema;
  if (*version == newest_schema()) return {};
  for (int from = *version; from < newest_schema(); ++from) {
    if (const auto done = on.run_all(migrations[from], deadline); !done) return done;
  }
  const auto made =
      on.run_all("CREATE TABLE IF NOT EXISTS frpx_schema (version INT NOT NULL)", deadline);
  if (!made) return made;
  const auto marked = on.run("INSERT INTO frpx_schema VALUES ($1)",
                             values().add(std::int64_t{newest_schema()}), deadline);
  if (!marked) return marked.error();
  return change.commit();
}

}  // namespace frpx::store::pg
