#include "store/postgres/postgres_store.hpp"

#include <algorithm>
#include <charconv>

#include "core/names.hpp"
#include "store/postgres/schema.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::bounded;
using pg::first_text;
using pg::many;
using pg::one;
using pg::rows;
using pg::values;

// Notifications tell of changes at once; who got none asks now and then, which also finds a server
// that hangs and the changes of whom no trigger watches.
constexpr auto count_every = std::chrono::seconds(1);
constexpr auto migration_patience = std::chrono::seconds(15);

// The columns in the order in which read_*() reads them.
#define FRPX_USER_COLUMNS "id, email, password_hash, role, " FRPX_MICROS("created") ", ports"
#define FRPX_TOKEN_COLUMNS                                                                       \
  "id, user_id, client_id, " FRPX_MICROS("issued") ", " FRPX_MICROS("expires") ", " FRPX_MICROS( \
      "last_used") ", revoked"
#define FRPX_ASSET_COLUMNS                                                   \
  "\"userId\"::text, \"machineId\"::text, name, status::text, " FRPX_MICROS( \
      "\"createdAt\"") ", " FRPX_MICROS("\"updatedAt\"")

user read_user(const rows& from, int row) {
  return {.id = from.text(row, 0),
          .email = from.text(row, 1),
          .password_hash = from.text(row, 2),
          .role = parse_role(from.text(row, 3)).value_or(role::client),
          .created = from.time(row, 4),
          .ports = from.text(row, 5)};
}

token read_token(const rows& from, int row) {
  return {.id = from.text(row, 0),
          .user_id = from.text(row, 1),
          .client_id = from.text(row, 2),
          .issued = from.time(row, 3),
          .expires = from.time(row, 4),
          .last_used = from.optional_time(row, 5),
          .revoked = from.flag(row, 6)};
}

asset read_asset(const rows& from, int row) {
  return {.user_id = from.text(row, 0),
          .machine_id = from.text(row, 1),
          .name = from.text(row, 2),
          .online = from.text(row, 3) == "online",
          .created = from.time(row, 4),
          .updated = from.time(row, 5)};
}

result<void> nothing(const result<rows>& from) {
  if (!from) return from.error();
  return {};
}

struct free_options {
  void operator()(PQconninfoOption* raw) const { PQconninfoFree(raw); }
};
using url_options = std::unique_ptr<PQconninfoOption, free_options>;

url_options parse_url(const std::string& url) {
  return url_options(PQconninfoParse(url.c_str(), nullptr));
}

// Host, port and name of the database, by which servers that share it know each other.
std::string scope_of(const std::string& url) {
  const url_options parsed = parse_url(url);
  std::string scope = "postgres";
  for (const auto* each = parsed.get(); each != nullptr && each->keyword != nullptr; ++each) {
    const std::string_view name = each->keyword;
    if (name != "host" && name != "port" && name != "dbname") continue;
    scope += std::string("|") + (each->val ? each->val : "");
  }
  return scope;
}

// A port, or several with commas between them; libpq looks at them only when it connects.
bool are_ports(std::string_view text) {
  while (!text.empty()) {
    const auto one = text.substr(0, text.find(','));
    unsigned port = 0;
    const auto [end, failed] = std::from_chars(one.data(), one.data() + one.size(), port);
    if (!one.empty() &&
        (failed != std::errc() || end != one.data() + one.size() || port == 0 || port > 65'535)) {
      return false;
    }
    text.remove_prefix(std::min(text.size(), one.size() + 1));
  }
  return true;
}

// Whether the URL can name a database at all, wherever that is now.
bool is_sound(const std::string& url) {
  const url_options parsed = parse_url(url);
  for (const auto* each = parsed.get(); each != nullptr && each->keyword != nullptr; ++each) {
    if (std::string_view(each->keyword) == "port" && each->val != nullptr &&
        !are_ports(each->val)) {
      return false;
    }
  }
  return parsed != nullptr;
}

}  // namespace

// --- opening

postgres_store::postgres_store(const std::string& url, const open_options& options)
    : url_(url),
      scope_(scope_of(url)),
      timeout_(options.timeout),
      may_migrate_(options.migrate),
      pool_(url, options.connections) {}

boost::system::result<std::unique_ptr<store>, open_error> postgres_store::open(
    const std::string& url, const open_options& options) {
  if (!is_sound(url)) {
    return open_error{make_error_code(errc::bad_value),
                      "--database-url is no PostgreSQL URL; its form is "
                      "postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=require"};
  }
  std::unique_ptr<postgres_store> made(new postgres_store(url, options));
  std::string why;
  const auto reached = made->ask(&why);
  const bool is_away =
      !reached && (reached.error() == errc::unavailable || reached.error() == errc::busy);
  if (reached || (is_away && options.may_be_away)) return std::unique_ptr<store>(std::move(made));
  const auto code = static_cast<errc>(reached.error().value());
  std::string text = std::string("the PostgreSQL database: ") + explain(code);
  if (!why.empty()) text += " (" + why + ")";
  if (code == errc::newer_schema) text += "; use that version or a later one, or another database";
  return open_error{code, text};
}

result<postgres_store::asking> postgres_store::ask(std::string* why) {
  const steady_time deadline = steady_clock::now() + timeout_;
  auto on = pool_.take(deadline, why);
  if (!on) return on.error();
  if (!prepared_.load(std::memory_order_acquire)) {
    const std::unique_lock lock(preparing_, deadline);
    if (!lock.owns_lock()) return errc::busy;
    if (!prepared_.load(std::memory_order_relaxed)) {
      if (const auto done = prepare(**on, may_migrate_, why); !done) return done.error();
      prepared_.store(true, std::memory_order_release);
    }
  }
  return asking{std::move(*on), deadline};
}

result<void> postgres_store::prepare(pg::connection& on, bool may_migrate, std::string* why) {
  const steady_time deadline =
      steady_clock::now() + std::max<steady_clock::duration>(timeout_, migration_patience);
  const auto schema = pg::schema_of(on, deadline);
  if (schema && *schema < pg::newest_schema() && !may_migrate) return errc::older_schema;
  const auto done = schema ? pg::migrate(on, deadline) : result<void>(schema.error());
  // An enum has its own word for a key that is no longer active.
  auto word = done ? on.run(
                         "SELECT e.enumlabel FROM pg_enum e JOIN pg_attribute a "
                         "ON a.atttypid = e.enumtypid "
                         "WHERE a.attrelid = 'api_keys'::regclass AND a.attname = 'status' "
                         "AND e.enumlabel <> 'active' "
                         "ORDER BY e.enumlabel <> 'revoked', e.enumsortorder LIMIT 1",
                         {}, deadline)
                   : result<rows>(done.error());
  if (!word) {
    if (why && word.error() != errc::newer_schema) *why = on.last_message();
    return word.error();
  }
  revoked_word_ = word->size() > 0 ? word->text(0, 0) : "revoked";
  return {};
}

result<rows> postgres_store::run(const char* sql, const values& with) {
  auto asked = ask();
  if (!asked) return asked.error();
  return asked->run(sql, with);
}

// For a statement that must meet a row.
result<void> postgres_store::change_one(const char* sql, const values& with) {
  const auto done = run(sql, with);
  changed_ = true;
  if (!done) return done.error();
  if (done->changed() == 0) return errc::not_found;
  return {};
}

// --- users

result<void> postgres_store::add_user(const user& row) {
  if (!is_valid(row)) return errc::bad_value;
  return change_one(
      "INSERT INTO frpx_users (id, email, password_hash, role, created, ports) "
      "VALUES ($1, $2, $3, $4, $5::timestamptz, $6)",
      values()
          .add(row.id)
          .add(row.email)
          .add(row.password_hash)
          .add(to_string(row.role))
          .add(row.created)
          .add(row.ports));
}

result<user> postgres_store::find_user(std::string_view email) {
  if (!is_plain_text(email)) return errc::not_found;
  return one(
      run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE email = $1", values().add(email)),
      read_user);
}

result<user> postgres_store::find_user_by_id(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  return one(run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE id = $1", values().add(id)),
             read_user);
}

result<std::vector<user>> postgres_store::list_users(const page& which) {
  return many(run("SELECT " FRPX_USER_COLUMNS " FROM frpx_users WHERE id > $1 ORDER BY id LIMIT $2",
                  values().add(which.after).add(bounded(which.limit))),
              read_user);
}

result<void> postgres_store::set_password(std::string_view email,
                                          const std::string& password_hash) {
  if (!is_password_hash(password_hash)) return errc::bad_value;
  if (!is_plain_text(email)) return errc::not_found;
  return change_one("UPDATE frpx_users SET password_hash = $1 WHERE email = $2",
                    values().add(password_hash).add(email));
}

result<void> postgres_store::set_role(std::string_view email, role value) {
  if (!is_plain_text(email)) return errc::not_found;
  return change_one("UPDATE frpx_users SET role = $1 WHERE email = $2",
                    values().add(to_string(value)).add(email));
}

result<void> postgres_store::set_ports(std::string_view email, const std::string& ports) {
  if (!is_port_list(ports)) return errc::bad_value;
  if (!is_plain_text(email)) return errc::not_found;
  return change_one("UPDATE frpx_users SET ports = $1 WHERE email = $2",
                    values().add(ports).add(email));
}

result<void> postgres_store::remove_user(std::string_view email) {
  if (!is_plain_text(email)) return errc::not_found;
  // One statement is one transaction. Tokens go with the user by their foreign key.
  return change_one(
      "WITH gone AS (DELETE FROM frpx_users WHERE email = $1 RETURNING id), "
      "keys AS (UPDATE frpx_keys SET status = 'revoked' "
      "WHERE status = 'active' AND owner IN (SELECT id FROM gone)), "
      "machines AS (DELETE FROM gpu_assets WHERE \"userId\"::text IN (SELECT id FROM gone)) "
      "SELECT id FROM gone",
      values().add(email));
}

// --- tokens

result<void> postgres_store::add_token(const token& row) {
  if (!is_valid(row)) return errc::bad_value;
  auto asked = ask();
  if (!asked) return asked.error();
  pg::transaction change(*asked->on, asked->deadline);
  if (!change.begun()) return change.begun();
  const auto added = asked->run(
      "INSERT INTO frpx_tokens (id, user_id, client_id, issued, expires, last_used, revoked) "
      "VALUES "
      "($1, $2, $3, $4::timestamptz, $5::timestamptz, $6::timestamptz, $7)",
      values()
          .add(row.id)
          .add(row.user_id)
          .add(row.client_id)
          .add(row.issued)
          .add(row.expires)
          .add(row.last_used)
          .add(row.revoked ? std::string_view("t") : std::string_view("f")));
  if (!added) return added.error();
  const auto bounded_again = asked->run(
      "DELETE FROM frpx_tokens WHERE id IN (SELECT id FROM frpx_tokens WHERE user_id = $1 "
      "ORDER BY issued DESC, id DESC OFFSET $2)",
      values().add(row.user_id).add(static_cast<std::int64_t>(tokens_per_user)));
  if (!bounded_again) return bounded_again.error();
  return change.commit();
}

result<token> postgres_store::find_token(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  return one(run("SELECT " FRPX_TOKEN_COLUMNS " FROM frpx_tokens WHERE id = $1", values().add(id)),
             read_token);
}

result<std::vector<token>> postgres_store::list_tokens(const page& which) {
  return many(
      run("SELECT " FRPX_TOKEN_COLUMNS " FROM frpx_tokens WHERE id > $1 ORDER BY id LIMIT $2",
          values().add(which.after).add(bounded(which.limit))),
      read_token);
}

result<void> postgres_store::set_token_client(std::string_view id, std::string_view client_id) {
  if (!is_name(client_id)) return errc::bad_value;
  if (!is_name(id)) return errc::not_found;
  return change_one("UPDATE frpx_tokens SET client_id = $1 WHERE id = $2",
                    values().add(client_id).add(id));
}

result<token> postgres_store::revoke_token(std::string_view id) {
  if (!is_name(id)) return errc::not_found;
  auto done =
      one(run("UPDATE frpx_tokens SET revoked = TRUE WHERE id = $1 RETURNING " FRPX_TOKEN_COLUMNS,
              values().add(id)),
          read_token);
  changed_ = true;
  return done;
}

result<void> postgres_store::touch_tokens(std::span<const use> uses) {
  return touch(
      "UPDATE frpx_tokens SET last_used = $1::timestamptz "
      "WHERE id = $2 AND (last_used IS NULL OR last_used < $1::timestamptz)",
      uses);
}

result<std::vector<std::string>> postgres_store::valid_tokens(const std::vector<std::string>& ids) {
  return many(run("SELECT id FROM frpx_tokens WHERE id = ANY($1::text[]) AND NOT revoked",
                  values().add_list(ids)),
              first_text);
}

result<std::size_t> postgres_store::remove_tokens_expired_before(wall_time when) {
  auto asked = ask();
  if (!asked) return asked.error();
  // Counting stays cheap: what everybody has seen goes.
  const auto swept = asked->run("DELETE FROM frpx_changes WHERE at < NOW() - INTERVAL '1 day'", {});
  if (!swept) return swept.error();
  const auto done =
      asked->run("DELETE FROM frpx_tokens WHERE expires < $1::timestamptz", values().add(when));
  changed_ = true;
  if (!done) return done.error();
  return done->changed();
}

// --- machines

result<void> postgres_store::put_asset(const asset& row) {
  if (!is_valid(row)) return errc::bad_value;
  auto asked = ask();
  if (!asked) return asked.error();
  const auto put = values()
                       .add(row.user_id)
                       .add(row.machine_id)
                       .add(row.name)
                       .add(row.online ? "online" : "offline")
                       .add(row.updated);
  const auto changed = asked->run(
      "UPDATE gpu_assets SET name = $3, status = $4, \"updatedAt\" = $5::timestamptz "
      "WHERE \"userId\"::text = $1 AND \"machineId\"::text = $2",
      put);
  if (!changed || changed->changed() > 0) return nothing(changed);
  const auto user = asked->run("SELECT 1 FROM frpx_users WHERE id = $1", values().add(row.user_id));
  if (!user) return user.error();
  if (user->size() == 0) return errc::not_found;
  const auto added = asked->run(
      "INSERT INTO gpu_assets (\"userId\", \"machineId\", name, status, \"updatedAt\", "
      "\"createdAt\") "
      "VALUES ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz) ON CONFLICT DO NOTHING",
      values(put).add(row.created));
  if (!added || added->changed() > 0) return nothing(added);
  // Public frpx knows a machine once, whoever it belongs to.
  return nothing(
      asked->run("UPDATE gpu_assets SET \"userId\" = $1, name = $3, status = $4, \"updatedAt\" = "
                 "$5::timestamptz WHERE \"machineId\"::text = $2",
                 put));
}

result<std::vector<asset>> postgres_store::list_assets(const page& which) {
  const std::string_view after = which.after;
  const std::size_t slash = std::min(after.find('/'), after.size());
  return many(run("SELECT " FRPX_ASSET_COLUMNS " FROM gpu_assets "
                  "WHERE (\"userId\"::text COLLATE \"C\", \"machineId\"::text COLLATE \"C\") > "
                  "($1, $2) ORDER BY \"userId\"::text COLLATE \"C\", \"machineId\"::text COLLATE "
                  "\"C\" LIMIT $3",
                  values()
                      .add(after.substr(0, slash))
                      .add(after.substr(std::min(slash + 1, after.size())))
                      .add(bounded(which.limit))),
              read_asset);
}

result<std::size_t> postgres_store::put_silent_assets_offline(wall_time before) {
  const auto done =
      run("UPDATE gpu_assets SET status = 'offline' "
          "WHERE status::text = 'online' AND \"updatedAt\" < $1::timestamptz",
          values().add(before));
  if (!done) return done.error();
  return done->changed();
}

// --- changes

result<std::uint64_t> postgres_store::change_count() {
  const steady_time now = steady_clock::now();
  const steady_time deadline = now + timeout_;
  const std::scoped_lock lock(listening_);
  if (listener_ && !listener_->is_alive()) listener_.reset();
  if (!listener_) {
    if (auto ready = ask(); !ready) return ready.error();
    auto made = pg::connection::open(url_, deadline);
    if (!made) return made.error();
    if (const auto done = made->run_all("LISTEN frpx_changed", deadline); !done)
      return done.error();
    listener_.emplace(std::move(*made));
    changed_ = true;
  }
  const bool notified = listener_->was_notified();
  const bool changed = changed_.exchange(false);
  if (!notified && !changed && now - counted_at_ < count_every) return seen_count_;
  const auto count = counted(*listener_, deadline);
  if (!count) {
    changed_ = true;
    listener_.reset();
    return count;
  }
  counted_at_ = now;
  seen_count_ = *count;
  return count;
}

result<std::uint64_t> postgres_store::counted(pg::connection& on, steady_time deadline) {
  const auto sum = on.run("SELECT coalesce(sum(id), 0)::bigint FROM frpx_changes", {}, deadline);
  if (!sum) return sum.error();
  return static_cast<std::uint64_t>(sum->integer(0, 0));
}

result<summary> postgres_store::describe() {
  auto asked = ask();
  if (!asked) return asked.error();
  const auto schema = pg::schema_of(*asked->on, asked->deadline);
  if (!schema) return schema.error();
  const auto found = asked->run(
      "SELECT (SELECT count(*) FROM frpx_users), (SELECT count(*) FROM frpx_keys), "
      "(SELECT count(*) FROM api_keys WHERE key::text NOT LIKE 'sha256:%'), "
      "(SELECT count(*) FROM api_keys WHERE key::text LIKE 'sha256:%'), "
      "(SELECT count(*) FROM frpx_tokens), (SELECT count(*) FROM gpu_assets)",
      {});
  if (!found) return found.error();
  const auto number = [&](int column) {
    return static_cast<std::size_t>(found->integer(0, column));
  };
  return summary{.schema = *schema,
                 .users = number(0),
                 .keys = number(1) + number(3),
                 .plain_keys = number(2),
                 .tokens = number(4),
                 .assets = number(5)};
}

}  // namespace frpx::store
