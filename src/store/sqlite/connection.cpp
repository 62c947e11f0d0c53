#include "store/sqlite/connection.hpp"

namespace frpx::store {

errc errc_of_sqlite(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return errc::already_exists;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return errc::not_found;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return errc::busy;
    case SQLITE_FULL:
      return errc::full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return errc::read_only;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return errc::corrupt;
    case SQLITE_CANTOPEN:
      return errc::cannot_open;
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return errc::unavailable;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return errc::bad_value;
    default:
      return errc::failed;
  }
}

result<connection> connection::open(const std::string& path, std::chrono::milliseconds timeout) {
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection opened;
  opened.raw_.reset(raw);
  if (code != SQLITE_OK) return errc_of_sqlite(code);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, static_cast<int>(timeout.count()));
  return opened;
}

std::string connection::last_message() const {
  return sqlite3_errcode(raw_.get()) == SQLITE_OK ? "" : sqlite3_errmsg(raw_.get());
}

result<void> connection::execute(const char* statements) {
  if (sqlite3_exec(raw_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return last_error();
  }
  return {};
}

result<sqlite3_stmt*> connection::prepared(const char* sql) {
  statement& kept = statements_[sql];
  if (!kept) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(raw_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) !=
        SQLITE_OK) {
      return last_error();
    }
    kept.reset(made);
  }
  return kept.get();
}

query::query(connection& on, const char* sql) : on_(on) {
  if (const auto statement = on.prepared(sql)) {
    statement_ = *statement;
  } else {
    failed_ = statement.error();
  }
}

query::~query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void query::check(int code) {
  if (code != SQLITE_OK && !failed_) failed_ = errc_of_sqlite(code);
}

query& query::bind(std::string_view text) {
  if (statement_) {
    // A null pointer would bind NULL, and an empty view may hold one.
    const char* data = text.empty() ? "" : text.data();
    check(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  return *this;
}

query& query::bind(std::int64_t number) {
  if (statement_) check(sqlite3_bind_int64(statement_, ++bound_, number));
  return *this;
}

query& query::bind(wall_time time) {
  return bind(
      std::int64_t{std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count()});
}

query& query::bind(std::optional<wall_time> time) {
  return time ? bind(*time) : bind_null();
}

query& query::bind_number(std::optional<std::uint32_t> number) {
  return number ? bind(std::int64_t{*number}) : bind_null();
}

query& query::bind_null() {
  if (statement_) check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

query& query::bind_blob(std::string_view bytes) {
  if (statement_) {
    check(sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_STATIC));
  }
  return *this;
}

result<query::step> query::next() {
  if (failed_) return failed_;
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return step::row;
    case SQLITE_DONE:
      return step::end;
    default:
      return on_.last_error();
  }
}

result<void> query::run() {
  for (;;) {
    const auto row = next();
    if (!row) return row.error();
    if (*row == step::end) return {};
  }
}

std::string query::text(int column) const {
  const auto* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data ? std::string(static_cast<const char*>(data), size) : std::string();
}

wall_time query::time(int column) const {
  return wall_time(std::chrono::microseconds(integer(column)));
}

std::optional<std::uint32_t> query::optional_number(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return static_cast<std::uint32_t>(integer(column));
}

std::optional<wall_time> query::optional_time(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return time(column);
}

transaction::transaction(connection& on) : on_(on), begun_(query(on, "BEGIN IMMEDIATE").run()) {}

transaction::~transaction() {
  // Some errors (a full disk) have ended the transaction already.
  if (begun_ && on_.in_transaction()) (void)query(on_, "ROLLBACK").run();
}

result<void> transaction::commit() {
  return query(on_, "COMMIT").run();
}

}  // namespace frpx::store
