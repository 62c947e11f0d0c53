#include "store/sqlite/file.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace frpx::store {

boost::system::result<std::unique_ptr<store>, open_error> sqlite_store::open(
    const std::string& path, const open_options& options) {
  auto writer = open_for_writing(path, options, migrate_sqlite);
  if (!writer) return writer.error();
  auto reader = connection::open(path, options.timeout);
  if (!reader) return file_error(path, errc::cannot_open);
  if (const auto done = reader->execute("PRAGMA query_only = ON"); !done) {
    return file_error(path, errc::cannot_open, reader->last_message());
  }
  return std::unique_ptr<store>(new sqlite_store(std::move(*reader), std::move(*writer)));
}

}  // namespace frpx::store
