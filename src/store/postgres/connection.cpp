#include "store/postgres/connection.hpp"

#include <poll.h>

#include <charconv>

#include "core/hex.hpp"

namespace frpx::store::pg {
namespace {

// Waits until the socket is ready for one of `events`; false when the deadline came first.
bool wait_for(int socket, short events, steady_time deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd one{socket, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string trimmed(const char* message) {
  std::string text(message ? message : "");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

errc errc_of_sqlstate(std::string_view state) {
  if (state == "23505") return errc::already_exists;
  if (state == "23503") return errc::not_found;
  if (state == "53100") return errc::full;
  if (state == "25006") return errc::read_only;
  const std::string_view kind = state.substr(0, 2);
  if (kind == "22" || kind == "23") return errc::bad_value;
  if (kind == "40" || kind == "55") return errc::busy;
  if (kind == "08" || kind == "53" || kind == "57") return errc::unavailable;
  if (kind == "XX") return errc::corrupt;
  return errc::failed;
}

values& values::add(std::string_view text) {
  texts_.emplace_back(text);
  return *this;
}

values& values::add(std::optional<wall_time> time) {
  return time ? add(*time) : add_null();
}

values& values::add_null() {
  texts_.emplace_back(std::nullopt);
  return *this;
}

values& values::add_bytes(bytes_view bytes) {
  return add(std::string_view("\\x" + to_hex(bytes)));
}

result<std::vector<const char*>> values::as_texts() const {
  std::vector<const char*> texts;
  for (const auto& text : texts_) {
    if (text && text->find('\0') != std::string::npos) return errc::bad_value;
    texts.push_back(text ? text->c_str() : nullptr);
  }
  return texts;
}

values& values::add_list(const std::vector<std::string>& names) {
  std::string text = "{";
  for (const std::string& name : names) {
    text += text.size() == 1 ? "\"" : ",\"";
    for (const char c : name) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return add(std::string_view(text + "}"));
}

std::size_t rows::changed() const {
  const std::string_view text = PQcmdTuples(raw_.get());
  std::size_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string rows::text(int row, int column) const {
  return {PQgetvalue(raw_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(raw_.get(), row, column))};
}

std::int64_t rows::integer(int row, int column) const {
  const std::string digits = text(row, column);
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

wall_time rows::time(int row, int column) const {
  constexpr std::int64_t last =
      std::chrono::floor<std::chrono::microseconds>(wall_time::max().time_since_epoch()).count();
  return wall_time(std::chrono::microseconds(std::clamp(integer(row, column), -last, last)));
}

std::optional<wall_time> rows::optional_time(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return time(row, column);
}

result<connection> connection::open(const std::string& url, steady_time deadline,
                                    std::string* why) {
  const char* const names[] = {"dbname", "client_encoding", "fallback_application_name", nullptr};
  const char* const texts[] = {url.c_str(), "UTF8", "frpx", nullptr};
  connection made(PQconnectStartParams(names, texts, 1));
  const error_code failed = made.establish(deadline);
  if (!failed) return made;
  if (why) *why = made.message_;
  return failed;
}

error_code connection::establish(steady_time deadline) {
  if (!raw_) return broken("no memory is left");
  if (PQstatus(raw_.get()) == CONNECTION_BAD) return broken(nullptr);
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(raw_.get())) {
    if (state == PGRES_POLLING_FAILED) return broken(nullptr);
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(raw_.get()), events, deadline)) {
      return broken("the server did not answer in time");
    }
  }
  if (PQsetnonblocking(raw_.get(), 1) != 0) return broken(nullptr);
  PQsetNoticeProcessor(raw_.get(), [](void*, const char*) {}, nullptr);
  return {};
}

// Gives the connection up: what the server was asked may or may not happen.
error_code connection::broken(const char* why) {
  message_ = why ? why : trimmed(PQerrorMessage(raw_.get()));
  raw_.reset();
  return errc::unavailable;
}

error_code connection::flush(steady_time deadline) {
  for (;;) {
    const int left = PQflush(raw_.get());
    if (left == 0) return {};
    if (left < 0) return broken(nullptr);
    if (!wait_for(PQsocket(raw_.get()), POLLIN | POLLOUT, deadline)) {
      return broken("the server did not answer in time");
    }
    if (PQconsumeInput(raw_.get()) == 0) return broken(nullptr);
  }
}

result<rows> connection::collect(steady_time deadline) {
  if (const error_code failed = flush(deadline)) return failed;
  rows last(nullptr);
  error_code failed;
  for (;;) {
    while (PQisBusy(raw_.get()) != 0) {
      if (!wait_for(PQsocket(raw_.get()), POLLIN, deadline)) {
        return broken("the server did not answer in time");
      }
      if (PQconsumeInput(raw_.get()) == 0) return broken(nullptr);
    }
    PGresult* next = PQgetResult(raw_.get());
    if (next == nullptr) break;
    last = rows(next);
    const auto status = PQresultStatus(next);
    if (failed || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) continue;
    const char* state = PQresultErrorField(next, PG_DIAG_SQLSTATE);
    failed = errc_of_sqlstate(state ? state : "08000");
    message_ = trimmed(PQresultErrorField(next, PG_DIAG_MESSAGE_PRIMARY));
  }
  if (PQstatus(raw_.get()) != CONNECTION_OK) return broken(nullptr);
  if (failed) return failed;
  return last;
}

result<rows> connection::run(const char* sql, const values& with, steady_time deadline) {
  if (!raw_) return errc::unavailable;
  const auto texts = with.as_texts();
  if (!texts) return texts.error();
  if (PQsendQueryParams(raw_.get(), sql, static_cast<int>(texts->size()), nullptr, texts->data(),
                        nullptr, nullptr, 0) == 0) {
    return broken(nullptr);
  }
  return collect(deadline);
}

result<rows> connection::run_prepared(const char* sql, const values& with, steady_time deadline) {
  if (!raw_) return errc::unavailable;
  const auto texts = with.as_texts();
  if (!texts) return texts.error();
  const auto place = std::find(prepared_.begin(), prepared_.end(), sql);
  const std::string name = "frpx_" + std::to_string(place - prepared_.begin());
  if (place == prepared_.end()) {
    if (PQsendPrepare(raw_.get(), name.c_str(), sql, 0, nullptr) == 0) return broken(nullptr);
    if (const auto done = collect(deadline); !done) return done.error();
    prepared_.push_back(sql);
  }
  if (PQsendQueryPrepared(raw_.get(), name.c_str(), static_cast<int>(texts->size()), texts->data(),
                          nullptr, nullptr, 0) == 0) {
    return broken(nullptr);
  }
  auto done = collect(deadline);
  // Somebody has altered a table, or a pooler in between has given us another's connection.
  if (!done && done.error() == errc::failed) return run(sql, with, deadline);
  return done;
}

result<void> connection::run_all(const char* statements, steady_time deadline) {
  if (!raw_) return errc::unavailable;
  if (PQsendQuery(raw_.get(), statements) == 0) return broken(nullptr);
  if (const auto done = collect(deadline); !done) return done.error();
  return {};
}

bool connection::is_idle() const {
  return raw_ && PQtransactionStatus(raw_.get()) == PQTRANS_IDLE;
}

bool connection::is_alive() {
  if (!raw_) return false;
  if (PQconsumeInput(raw_.get()) == 0) return false;
  return PQstatus(raw_.get()) == CONNECTION_OK;
}

bool connection::was_notified() {
  bool any = false;
  if (!raw_ || PQconsumeInput(raw_.get()) == 0) return any;
  while (PGnotify* one = PQnotifies(raw_.get())) {
    PQfreemem(one);
    any = true;
  }
  return any;
}

transaction::transaction(connection& on, steady_time deadline)
    : on_(on), deadline_(deadline), begun_(on.run_all("BEGIN", deadline)) {}

transaction::~transaction() {
  // A connection that cannot even do this is not idle and goes.
  if (begun_ && !on_.is_idle()) (void)on_.run_all("ROLLBACK", deadline_);
}

result<void> transaction::commit() {
  return on_.run_all("COMMIT", deadline_);
}

}  // namespace frpx::store::pg
