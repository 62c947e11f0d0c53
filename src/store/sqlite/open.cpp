#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "store/sqlite/file.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace frpx::store {
namespace {

// Two machines may have a file of one name each.
std::string scope_of(const std::string& path) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  std::error_code ignored;
  return std::string("sqlite|") + host + "|" +
         std::filesystem::weakly_canonical(path, ignored).string();
}

boost::system::result<connection, open_error> open_for_reading(const std::string& path,
                                                               const open_options& options) {
  auto opened = connection::open(path, options.timeout);
  if (!opened) return file_error(path, errc::cannot_open);
  if (const auto done = opened->execute("PRAGMA query_only = ON"); !done) {
    return file_error(path, errc::cannot_open, opened->last_message());
  }
  return std::move(*opened);
}

}  // namespace

boost::system::result<std::unique_ptr<store>, open_error> sqlite_store::open(
    const std::string& path, const open_options& options) {
  auto writer =
      open_for_writing(path, options, options.migrate ? migrate_sqlite : refuse_older_sqlite);
  if (!writer) return writer.error();
  auto reader = open_for_reading(path, options);
  if (!reader) return reader.error();
  auto reports = open_for_reading(path, options);
  if (!reports) return reports.error();
  return std::unique_ptr<store>(new sqlite_store(scope_of(path), std::move(*reader),
                                                 std::move(*reports), std::move(*writer)));
}

}  // namespace frpx::store
