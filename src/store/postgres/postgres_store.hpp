// The store for production: a PostgreSQL server, perhaps shared by several of ours.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "store/postgres/pool.hpp"
#include "store/store.hpp"

namespace frpx::store {

/// Keeps everything in PostgreSQL 13 or later, beside what public frpx may have put there: its
/// table `api_keys` holds keys as plain texts (or, after hash_plain_keys(), as `sha256:` and the
/// digest), which show up here under ids that begin with `plain-`; its `gpu_assets` is shared.
///
/// Each call ends within the time-out, whatever the server does. A server that is away makes calls
/// fail with `unavailable`; once it answers again, they work again. The tables are brought up to
/// date by whichever call first reaches the server. When a call fails with `unavailable` after the
/// server was asked to write, nobody knows whether it did.
class postgres_store final : public store {
 public:
  /// See store::open().
  static boost::system::result<std::unique_ptr<store>, open_error> open(
      const std::string& url, const open_options& options);

  std::string_view kind() const override { return "postgres"; }
  bool is_remote() const override { return true; }
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
  result<std::size_t> hash_plain_keys() override;

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
  /// A connection on which the tables are known to be there.
  struct asking {
    pg::pool::lease on;
    steady_time deadline;
    result<pg::rows> run(const char* sql, const pg::values& with) {
      return on->run(sql, with, deadline);
    }
  };

  postgres_store(const std::string& url, const open_options& options);

  result<asking> ask(std::string* why = nullptr);
  result<void> prepare(pg::connection& on, bool may_migrate, std::string* why);
  result<pg::rows> run(const char* sql, const pg::values& with);
  result<void> change_one(const char* sql, const pg::values& with);
  result<void> change_user(const char* sql, std::string_view email, std::string_view to,
                           bool revokes_tokens);
  result<void> touch(const char* sql, std::span<const use> uses);
  result<std::uint64_t> counted(pg::connection& on, steady_time deadline);

  const std::string url_;
  const std::string scope_;
  const std::chrono::milliseconds timeout_;
  const bool may_migrate_;
  pg::pool pool_;
  std::atomic<bool> prepared_{false};
  std::timed_mutex preparing_;
  std::string revoked_word_;  // what `api_keys` calls it; set before prepared_

  std::atomic<bool> changed_{true};  // by this object, since it counted last
  std::mutex listening_;             // guards what follows
  std::optional<pg::connection> listener_;
  std::uint64_t seen_count_ = 0;
  steady_time counted_at_{};
};

}  // namespace frpx::store
