#include "store/postgres/postgres_store.hpp"

#include <algorithm>
#include <charconv>

#include "store/postgres/schema.hpp"
#include "store/postgres/statement.hpp"

namespace frpx::store {
namespace {

using pg::rows;
using pg::values;

// Notifications tell of changes at once; who got none asks now and then, which also finds a server
// that hangs and the changes of whom no trigger watches.
constexpr auto count_every = std::chrono::seconds(1);
constexpr auto migration_patience = std::chrono::seconds(15);

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
