#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "store/sqlite/file.hpp"

namespace frpx::store {
namespace {

constexpr std::uint64_t page_bytes = 4096;

std::string system_message(int code) {
  return std::generic_category().message(code);
}

// Makes the folders that are missing, for this user alone.
int make_folder(const std::filesystem::path& folder) {
  if (folder.empty() || ::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return 0;
  if (errno != ENOENT) return errno;
  if (const int code = make_folder(folder.parent_path())) return code;
  return ::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

// Makes the file for this user alone, before SQLite would make it for everybody. A file that exists
// is not opened here: closing it would give up the locks of a connection of this process.
int make_file(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) return ::close(made) == 0 ? 0 : errno;
  if (errno != EEXIST) return errno;
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return errno;
  if (found.st_uid == ::geteuid() && (found.st_mode & 077) != 0) ::chmod(path.c_str(), 0600);
  return 0;
}

result<std::string> journal_mode_wal(connection& db) {
  query set(db, "PRAGMA journal_mode = WAL");
  if (const auto row = set.next(); !row) return row.error();
  return set.text(0);
}

// Who turns the journal of a new database into a write-ahead log may meet another who does, and
// SQLite does not wait by itself then.
result<void> use_wal(connection& db, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    const auto mode = journal_mode_wal(db);
    if (mode && *mode == "wal") return {};
    if (mode) return errc::cannot_open;  // a file system without shared memory
    if (mode.error() != errc::busy || steady_clock::now() >= deadline) return mode.error();
    sqlite3_sleep(5);
  }
}

result<void> prepare_writer(connection& db, const open_options& options,
                            result<void> (*migrate)(connection&)) {
  if (db.is_read_only()) return errc::read_only;
  if (const auto done = use_wal(db, options.timeout); !done) return done;
  if (const auto done = db.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                                   "PRAGMA journal_size_limit = 4194304");
      !done) {
    return done;
  }
  if (options.max_bytes > 0) {
    const std::uint64_t pages = std::max<std::uint64_t>(options.max_bytes / page_bytes, 1);
    const std::string bound = "PRAGMA max_page_count = " + std::to_string(pages);
    if (const auto done = db.execute(bound.c_str()); !done) return done;
  }
  return migrate(db);
}

}  // namespace

open_error file_error(const std::string& path, errc code, const std::string& detail) {
  std::string text = "sqlite:" + path + ": " + explain(code);
  if (!detail.empty()) text += " (" + detail + ")";
  if (code == errc::newer_schema) text += "; use that version or a later one, or another database";
  return {code, text};
}

boost::system::result<connection, open_error> open_for_writing(
    const std::string& path, const open_options& options, result<void> (*migrate)(connection&)) {
  if (const int code = make_folder(std::filesystem::path(path).parent_path())) {
    return file_error(path, errc::cannot_open, system_message(code));
  }
  if (const int code = make_file(path)) {
    return file_error(path, errc::cannot_open, system_message(code));
  }
  auto writer = connection::open(path, options.timeout);
  if (!writer) return file_error(path, errc::cannot_open);
  if (const auto done = prepare_writer(*writer, options, migrate); !done) {
    // All errors on the way are the store's own.
    return file_error(path, static_cast<errc>(done.error().value()), writer->last_message());
  }
  return std::move(*writer);
}

}  // namespace frpx::store
