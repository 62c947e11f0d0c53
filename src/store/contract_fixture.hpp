// An empty store of each kind to hold against what every store promises. A backend joins with one
// line in `backends`.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "core/random.hpp"
#include "store/store.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::store {

/// What is tested, and what is to be tidied up after it.
struct fixture {
  std::filesystem::path folder;
  std::unique_ptr<store> opened;

  ~fixture() {
    opened.reset();
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
};

struct backend {
  const char* name;
  void (*make)(fixture&);
};

inline void make_memory(fixture& in) {
  in.opened = open("memory:").value();
}

inline void make_sqlite(fixture& in) {
  in.folder = std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
  in.opened = open("sqlite:" + (in.folder / "frpx.db").string()).value();
}

inline void make_postgres(fixture& in) {
  in.opened =
      open(test::shared_postgres().make_database(), {.timeout = std::chrono::seconds(10)}).value();
}

inline constexpr backend backends[] = {
    {"memory", make_memory},
    {"sqlite", make_sqlite},
    {"postgres", make_postgres},
};

/// `db()` is an empty store of the kind that GetParam() names.
class store_contract : public testing::TestWithParam<backend> {
 protected:
  void SetUp() override {
    GetParam().make(fixture_);
    ASSERT_TRUE(fixture_.opened);
  }
  store& db() { return *fixture_.opened; }

 private:
  fixture fixture_;
};

inline constexpr wall_time t0{std::chrono::seconds(1'700'000'000)};

inline user some_user(const std::string& id) {
  return {.id = id, .email = id + "@example.com", .password_hash = "$hash$" + id, .created = t0};
}

inline api_key some_key(const std::string& id, const std::string& text) {
  return {.id = id, .name = "name of " + id, .hash = sha256(text), .created = t0};
}

inline token some_token(const std::string& id, const std::string& user_id) {
  return {.id = id, .user_id = user_id, .issued = t0, .expires = t0 + std::chrono::hours(1)};
}

inline asset some_asset(const std::string& user_id, const std::string& machine) {
  return {.user_id = user_id,
          .machine_id = machine,
          .name = "box",
          .online = true,
          .created = t0,
          .updated = t0};
}

}  // namespace frpx::store
