// The embedded default: one SQLite file.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace frpx::store {

/// Keeps everything in one file (beside its `-wal` and `-shm`), safe against being killed at any
/// moment and for several processes at once, on a local disk. Three connections: one for what takes
/// a moment, such as the look-up of a key, one for reports that take longer, one for writes.
/// Readers wait neither for this process's writer nor for another's, since the log is written
/// ahead; writers wait for each other up to the time-out. A write returns when it is on the disk.
class sqlite_store final : public store {
 public:
  /// See store::open(). `path` is a file's.
  static boost::system::result<std::unique_ptr<store>, open_error> open(
      const std::string& path, const open_options& options);

  std::string_view kind() const override { return "sqlite"; }
  std::string scope() const override { return scope_; }

  result<void> add_user(const user& row) override;
  result<user> find_user(std::string_view email) override;
  result<user> find_user_by_id(std::string_view id) override;
  result<std::vector<user>> list_users(const page& which) override;
  result<std::vector<user>> find_users(const std::vector<std::string>& ids) override;
  result<void> set_password(std::string_view email, const std::string& password_hash) override;
  result<void> set_role(std::string_view email, role value) override;
  result<void> set_ports(std::string_view email, const std::string& ports) override;
  result<void> set_leases(std::string_view email, std::optional<std::uint32_t> most) override;
  result<void> remove_user(std::string_view email) override;

  result<void> add_key(const api_key& row) override;
  result<api_key> find_key(const secret& text) override;
  result<std::vector<api_key>> list_keys(const page& which) override;
  result<api_key> revoke_key(std::string_view id_or_name) override;
  result<api_key> change_key(std::string_view id_or_name, const key_change& change) override;
  result<void> touch_keys(std::span<const use> uses) override;
  result<std::vector<valid_key>> valid_keys(const std::vector<std::string>& ids) override;

  result<void> add_token(const token& row) override;
  result<token> find_token(std::string_view id) override;
  result<std::vector<token>> list_tokens(const page& which) override;
  result<void> set_token_client(std::string_view id, std::string_view client_id) override;
  result<token> revoke_token(std::string_view id) override;
  result<void> touch_tokens(std::span<const use> uses) override;
  result<std::vector<std::string>> valid_tokens(const std::vector<std::string>& ids) override;
  result<std::size_t> remove_tokens_expired_before(wall_time when) override;

  result<void> put_asset(const asset& row) override;
  result<std::vector<asset>> list_assets(const page& which) override;
  result<std::size_t> put_silent_assets_offline(wall_time before) override;

  result<client> find_client(std::string_view id) override;
  result<client> claim_client(const client& row, std::size_t most) override;
  result<std::vector<client>> list_clients(const page& which) override;
  result<client> forget_client(std::string_view id) override;
  result<void> touch_clients(std::span<const use> uses) override;

  result<void> add_usage(std::string_view batch, std::span<const usage_row> rows) override;
  result<std::vector<usage_sum>> sum_usage(usage_by by, wall_time from, wall_time to) override;
  result<std::size_t> remove_usage_before(wall_time when) override;

  result<void> add_audit(const audit_row& row) override;
  result<std::vector<audit_row>> list_audit(std::uint64_t before, std::size_t limit) override;
  result<std::size_t> remove_audit_before(wall_time when) override;

  result<std::uint64_t> change_count() override;
  result<summary> describe() override;

 private:
  struct side {
    explicit side(connection opened) : db(std::move(opened)) {}
    std::mutex mutex;
    connection db;
  };

  sqlite_store(std::string scope, connection reader, connection reports, connection writer)
      : scope_(std::move(scope)),
        reader_(std::move(reader)),
        reports_(std::move(reports)),
        writer_(std::move(writer)) {}

  template <class Read>
  auto pick(const char* sql, const std::vector<std::string>& ids, Read read)
      -> result<std::vector<decltype(read(std::declval<query&>()))>>;

  result<void> touch(const char* sql, std::span<const use> uses);
  result<void> change_user(std::string_view email, query& change, bool revokes_tokens);

  const std::string scope_;
  side reader_;
  side reports_;
  side writer_;
  std::int64_t seen_version_ = -1;  // with reader_'s mutex, as is what follows
  std::uint64_t seen_count_ = 0;
};

}  // namespace frpx::store
