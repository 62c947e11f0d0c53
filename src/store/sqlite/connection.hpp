// One connection to an SQLite database, and its statements.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/errors.hpp"

namespace frpx::store {

/// What SQLite's (extended) result code means to us: https://sqlite.org/rescode.html
errc errc_of_sqlite(int code);

/// Owns a connection and the statements prepared on it. One thread at a time.
class connection {
 public:
  /// Opens a file that exists. `timeout` bounds the wait for another connection's lock.
  static result<connection> open(const std::string& path, std::chrono::milliseconds timeout);

  /// Runs a text of statements that give no rows and are needed once.
  result<void> execute(const char* statements);

  /// The statement for `sql`, prepared at its first use and kept; `sql` is a literal.
  result<sqlite3_stmt*> prepared(const char* sql);

  errc last_error() const { return errc_of_sqlite(sqlite3_extended_errcode(raw_.get())); }
  /// SQLite's own sentence on the last error; empty if the last call had none.
  std::string last_message() const;
  std::size_t changed_rows() const {
    return static_cast<std::size_t>(sqlite3_changes64(raw_.get()));
  }
  bool is_read_only() const { return sqlite3_db_readonly(raw_.get(), "main") != 0; }
  bool in_transaction() const { return sqlite3_get_autocommit(raw_.get()) == 0; }

 private:
  struct close {
    void operator()(sqlite3* raw) const { sqlite3_close_v2(raw); }
  };
  struct finalize {
    void operator()(sqlite3_stmt* raw) const { sqlite3_finalize(raw); }
  };
  using statement = std::unique_ptr<sqlite3_stmt, finalize>;

  std::unique_ptr<sqlite3, close> raw_;
  std::unordered_map<const char*, statement> statements_;  // finalized before raw_ closes
};

/// One run of a prepared statement: bind in order, then next() or run(). What goes wrong on the way
/// comes out there. The texts bound must live as long as the query.
class query {
 public:
  query(connection& on, const char* sql);
  query(const query&) = delete;
  query& operator=(const query&) = delete;
  ~query();

  query& bind(std::string_view text);
  query& bind(std::int64_t number);
  query& bind(wall_time time);
  query& bind(std::optional<wall_time> time);
  query& bind_blob(std::string_view bytes);
  query& bind_null();
  query& bind_number(std::optional<std::uint32_t> number);

  enum class step { row, end };

  /// Steps to the next row, if there is one left.
  result<step> next();
  /// Steps over all rows.
  result<void> run();

  std::string text(int column) const;
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  wall_time time(int column) const;
  std::optional<wall_time> optional_time(int column) const;
  std::optional<std::uint32_t> optional_number(int column) const;

 private:
  void check(int code);

  connection& on_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  error_code failed_;
};

/// Takes the write lock now and gives it back at the end of the scope: what was done is undone
/// unless commit() succeeded.
class transaction {
 public:
  explicit transaction(connection& on);
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction();

  /// Whether the lock was taken: to be asked first.
  result<void> begun() const { return begun_; }
  result<void> commit();

 private:
  connection& on_;
  result<void> begun_;
};

}  // namespace frpx::store
