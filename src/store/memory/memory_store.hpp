// The store of the demo and of tests: this process's memory.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "store/store.hpp"

namespace frpx::store {

/// Keeps everything in ordered maps behind one lock; a call takes microseconds. Each kind of row is
/// bounded: `longest_table` rows, then `full`.
class memory_store : public store {
 public:
  static constexpr std::size_t longest_table = 100'000;

  std::string_view kind() const override { return "memory"; }
  std::string scope() const override;

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
  template <class Row>
  using table = std::map<std::string, Row, std::less<>>;

  // hour, key, client, model
  using usage_place = std::tuple<wall_time, std::string, std::string, std::string>;

  user* user_of(std::string_view email);
  api_key* key_called(std::string_view id_or_name);
  void drop_oldest_tokens(std::string_view user_id);
  void revoke_tokens_of(std::string_view user_id);
  void forget_oldest_clients(std::string_view user_id, std::size_t most);
  usage& usage_for(const usage_row& added);

  std::mutex mutex_;  // guards everything below
  table<user> users_;
  table<std::string> user_ids_;  // by e-mail address
  table<api_key> keys_;
  std::map<digest, std::string> key_ids_;  // by hash
  table<token> tokens_;
  std::map<std::pair<std::string, std::string>, asset> assets_;
  table<client> clients_;
  std::map<usage_place, usage> usage_;
  std::map<std::string, wall_time, std::less<>> batches_;  // of usage, by id: when they were added
  std::deque<audit_row> audit_;                            // by id
  std::uint64_t last_audit_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace frpx::store
