// One connection to a PostgreSQL server, with deadlines of our own.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/errors.hpp"

namespace frpx::store::pg {

/// What an SQLSTATE means to us: https://www.postgresql.org/docs/15/errcodes-appendix.html
errc errc_of_sqlstate(std::string_view state);

/// The values of a statement's `$1`, `$2` ..., sent as texts without a type, so that each is taken
/// as its column's type, be that VARCHAR or an enum. Times need a `::timestamptz` behind them, for
/// a bare text would lose its zone in a column without one.
class values {
 public:
  values& add(std::string_view text);
  values& add(std::int64_t number) { return add(std::string_view(std::to_string(number))); }
  values& add(wall_time time) { return add(std::string_view(to_rfc3339(time))); }
  values& add(std::optional<wall_time> time);
  values& add_null();
  values& add_number(std::optional<std::uint32_t> number) {
    return number ? add(std::int64_t{*number}) : add_null();
  }
  values& add_bytes(bytes_view bytes);
  values& add_list(const std::vector<std::string>& names);  ///< For `ANY($n::text[])`.

  /// As libpq takes them, valid as long as the values; bad_value for a text that holds a zero byte.
  result<std::vector<const char*>> as_texts() const;

 private:
  std::vector<std::optional<std::string>> texts_;
};

/// What a statement brought.
class rows {
 public:
  explicit rows(PGresult* raw) : raw_(raw) {}

  int size() const { return PQntuples(raw_.get()); }
  std::size_t changed() const;
  bool is_null(int row, int column) const { return PQgetisnull(raw_.get(), row, column) != 0; }
  std::string text(int row, int column) const;
  std::int64_t integer(int row, int column) const;
  bool flag(int row, int column) const { return text(row, column) == "t"; }
  /// From microseconds since 1970; what lies beyond our clock is its last moment.
  wall_time time(int row, int column) const;
  std::optional<wall_time> optional_time(int row, int column) const;

 private:
  struct clear {
    void operator()(PGresult* raw) const { PQclear(raw); }
  };
  std::unique_ptr<PGresult, clear> raw_;
};

/// A connection that never waits beyond a deadline, whatever the server does: libpq is used without
/// blocking, and we wait for its socket. (It looks the server's name up as the system does, which
/// is the one thing that has its own time-out.) After a deadline was missed or the server has gone
/// the connection is of no use any more. One thread at a time.
class connection {
 public:
  /// `url` is a libpq URL or connection string; its `sslmode` and the like count. Error:
  /// unavailable; `why`, if given, gets libpq's own words, which hold no password.
  static result<connection> open(const std::string& url, steady_time deadline,
                                 std::string* why = nullptr);

  /// Runs one statement.
  result<rows> run(const char* sql, const values& with, steady_time deadline);
  /// The same for a statement that is needed often: the server prepares it once. `sql` is a
  /// literal.
  result<rows> run_prepared(const char* sql, const values& with, steady_time deadline);
  /// Runs a text of statements that bring nothing.
  result<void> run_all(const char* statements, steady_time deadline);

  /// Whether it may be used again: alive, and outside of a transaction.
  bool is_idle() const;
  /// Looks, without waiting, whether the server has closed an idle connection.
  bool is_alive();
  /// Takes in, without waiting, what notifications came; says whether there were any.
  bool was_notified();

  /// The server's words on the last error.
  const std::string& last_message() const { return message_; }

 private:
  struct finish {
    void operator()(PGconn* raw) const { PQfinish(raw); }
  };

  explicit connection(PGconn* raw) : raw_(raw) {}
  error_code establish(steady_time deadline);
  error_code flush(steady_time deadline);
  result<rows> collect(steady_time deadline);
  error_code broken(const char* why);

  std::unique_ptr<PGconn, finish> raw_;
  std::string message_;
  std::vector<const char*> prepared_;  // a statement's name is its place
};

/// A transaction, undone at the end of the scope unless commit() succeeded.
class transaction {
 public:
  transaction(connection& on, steady_time deadline);
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction();

  result<void> begun() const { return begun_; }
  result<void> commit();

 private:
  connection& on_;
  const steady_time deadline_;
  result<void> begun_;
};

}  // namespace frpx::store::pg
