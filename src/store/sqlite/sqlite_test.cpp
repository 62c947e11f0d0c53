// What the embedded store promises beyond the contract: files, other processes, faults.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/random.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"
#include "store/store.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

class sqlite_file : public testing::Test {
 protected:
  ~sqlite_file() override { std::filesystem::remove_all(folder_); }

  std::string file() const { return (folder_ / "frpx.db").string(); }
  std::unique_ptr<store> open_file(const open_options& options = {}) const {
    return open("sqlite:" + file(), options).value();
  }
  open_error open_fails(const open_options& options = {}) const {
    auto opened = open("sqlite:" + file(), options);
    EXPECT_FALSE(opened);
    return opened ? open_error{} : opened.error();
  }
  void overwrite(std::streamoff from, std::size_t count) const {
    std::fstream raw(file(), std::ios::in | std::ios::out | std::ios::binary);
    raw.seekp(from);
    raw << std::string(count, '\xa5');
    ASSERT_TRUE(raw.flush());
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
};

api_key some_key(const std::string& text) {
  return {.id = "id-" + text, .name = "name-" + text, .hash = sha256(text), .created = {}};
}

user some_user(const std::string& id) {
  return {.id = id, .email = id + "@example.com", .password_hash = "$h", .created = {}};
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat found{};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 0777;
}

// Runs `work` in a process of its own and returns its exit code, or 128 and the signal.
template <class Work>
pid_t start_process(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work());
  return pid;
}

int end_of(pid_t pid) {
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(sqlite_file, is_for_its_owner_alone) {
  const mode_t before = ::umask(0);
  {
    const auto db = open("sqlite:" + (folder_ / "a/b/frpx.db").string()).value();
    ASSERT_TRUE(db->add_key(some_key("one")));
    EXPECT_EQ(mode_of(folder_), 0700u);
    EXPECT_EQ(mode_of(folder_ / "a/b"), 0700u);
    for (const char* name : {"frpx.db", "frpx.db-wal", "frpx.db-shm"}) {
      EXPECT_EQ(mode_of(folder_ / "a/b" / name), 0600u) << name;
    }
  }
  ::umask(before);
  std::filesystem::create_directory(folder_ / "c");
  std::ofstream(folder_ / "c/frpx.db").flush();
  std::filesystem::permissions(folder_ / "c/frpx.db", std::filesystem::perms(0644));
  ASSERT_TRUE(open("sqlite:" + (folder_ / "c/frpx.db").string()));
  EXPECT_EQ(mode_of(folder_ / "c/frpx.db"), 0600u);
}

TEST_F(sqlite_file, keeps_what_was_written) {
  ASSERT_TRUE(open_file()->add_key(some_key("one")));
  EXPECT_TRUE(open_file()->find_key(secret("one")));
}

TEST_F(sqlite_file, holds_no_key_in_clear) {
  const std::string text = "frpx_a-very-recognisable-text";
  api_key row = some_key("k");
  row.hash = sha256(text);
  {
    const auto db = open_file();
    ASSERT_TRUE(db->add_key(row));
    ASSERT_TRUE(db->find_key(secret(text)));
  }
  std::ifstream raw(file(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(raw), {}};
  ASSERT_GT(bytes.size(), 4096u);
  EXPECT_EQ(bytes.find(text), std::string::npos);
  EXPECT_NE(bytes.find("name-k"), std::string::npos);
}

TEST_F(sqlite_file, another_handle_sees_the_change_and_the_count) {
  const auto mine = open_file();
  const auto other = open_file();
  const std::uint64_t before = mine->change_count().value();
  EXPECT_EQ(mine->change_count().value(), before);
  ASSERT_TRUE(other->add_key(some_key("one")));
  EXPECT_NE(mine->change_count().value(), before);
  EXPECT_TRUE(mine->find_key(secret("one")));
}

// Whether a reader is active: what was written after it began then stays in the log.
bool is_being_read(connection& by) {
  EXPECT_TRUE(by.execute("INSERT INTO usage_batches VALUES (hex(randomblob(8)), 0)"));
  query checkpoint(by, "PRAGMA wal_checkpoint(PASSIVE)");
  EXPECT_TRUE(checkpoint.next());
  return checkpoint.integer(1) != checkpoint.integer(2);
}

TEST_F(sqlite_file, a_report_that_takes_long_delays_no_look_up) {
  const auto db = open_file();
  ASSERT_TRUE(db->add_key(some_key("one")));
  auto other = connection::open(file(), 1s).value();
  // Half a million rows, made as they are read. They begin with a table, so that reading them is a
  // transaction.
  ASSERT_TRUE(other.execute(
      "DROP TABLE usage; CREATE VIEW usage AS WITH RECURSIVE n (hour) AS "
      "(SELECT 1 + 0 * count FROM changes UNION ALL SELECT hour + 1 FROM n WHERE hour < 500000) "
      "SELECT hour, 'k' AS key, 'c' AS client, 'm' AS model, 1 AS requests, 0 AS errors, "
      "0 AS bytes_in, 0 AS bytes_out, 0 AS prompt_tokens, 0 AS completion_tokens FROM n"));
  ASSERT_FALSE(is_being_read(other));
  std::thread report([&] {
    const auto sums = db->sum_usage(usage_by::model, {}, wall_time::max());
    EXPECT_EQ(sums->at(0).of.requests, 500'000U);
  });
  EXPECT_TRUE(test::wait_until([&] { return is_being_read(other); }));
  EXPECT_TRUE(db->find_key(secret("one")));
  EXPECT_EQ(db->valid_keys({"id-one"})->size(), 1U);
  EXPECT_TRUE(db->change_count());
  EXPECT_TRUE(is_being_read(other)) << "the report has ended before";
  report.join();
}

TEST_F(sqlite_file, another_process_adds_and_revokes_beside_an_open_store) {
  const auto mine = open_file();
  const std::uint64_t before = mine->change_count().value();
  const std::string url = "sqlite:" + file();
  EXPECT_EQ(end_of(start_process(
                [&] { return open(url).value()->add_key(some_key("one")).has_value() ? 0 : 1; })),
            0);
  const std::uint64_t added = mine->change_count().value();
  EXPECT_NE(added, before);
  EXPECT_EQ(mine->find_key(secret("one"))->status, key_status::active);
  EXPECT_EQ(end_of(start_process(
                [&] { return open(url).value()->revoke_key("id-one").has_value() ? 0 : 1; })),
            0);
  EXPECT_NE(mine->change_count().value(), added);
  EXPECT_EQ(mine->find_key(secret("one"))->status, key_status::revoked);
}

TEST_F(sqlite_file, a_row_changed_by_hand_moves_the_count) {
  const auto db = open_file();
  ASSERT_TRUE(db->add_key(some_key("one")));
  const std::uint64_t before = db->change_count().value();
  auto hand = connection::open(file(), 1s).value();
  ASSERT_TRUE(hand.execute("UPDATE api_keys SET status = 'revoked'"));
  EXPECT_NE(db->change_count().value(), before);
}

TEST_F(sqlite_file, ten_processes_start_at_once_on_one_empty_database) {
  std::vector<pid_t> pids;
  for (int i = 0; i < 10; ++i) {
    pids.push_back(start_process([&, i] {
      auto db = open("sqlite:" + file(), {.timeout = 20s});
      if (!db) return 1;
      return (*db)->add_key(some_key(std::to_string(i))).has_value() ? 0 : 2;
    }));
  }
  for (const pid_t pid : pids) EXPECT_EQ(end_of(pid), 0);
  EXPECT_EQ(open_file()->list_keys({})->size(), 10u);
}

TEST_F(sqlite_file, two_threads_share_a_store) {
  const auto db = open_file();
  ASSERT_TRUE(db->add_key(some_key("one")));
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(db->add_key(some_key("w" + std::to_string(i))));
  });
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(db->find_key(secret("one")));
  writer.join();
  EXPECT_EQ(db->list_keys({})->size(), 51u);
}

TEST_F(sqlite_file, a_lock_held_elsewhere_stops_writers_for_the_timeout_and_no_reader) {
  const auto db = open_file({.timeout = 50ms});
  ASSERT_TRUE(db->add_key(some_key("one")));
  auto holder = connection::open(file(), 1s).value();
  ASSERT_TRUE(holder.execute("BEGIN IMMEDIATE"));
  const auto begun = steady_clock::now();
  EXPECT_EQ(db->add_key(some_key("two")).error(), errc::busy);
  EXPECT_GE(steady_clock::now() - begun, 40ms);
  EXPECT_TRUE(db->find_key(secret("one")));
  EXPECT_EQ(db->find_key(secret("two")).error(), errc::not_found);
  ASSERT_TRUE(holder.execute("COMMIT"));
  EXPECT_TRUE(db->add_key(some_key("two")));
}

TEST_F(sqlite_file, a_full_disk_is_named_and_nothing_is_lost) {
  const auto db = open_file({.max_bytes = 256 * 1024});
  ASSERT_TRUE(db->add_user(some_user("u1")));
  int added = 0;
  error_code failure;
  while (!failure && added < 10'000) {
    const auto done = db->add_key(some_key(std::to_string(added)));
    if (done)
      ++added;
    else
      failure = done.error();
  }
  EXPECT_EQ(failure, errc::full);
  EXPECT_GT(added, 100);
  // In a transaction as well, which SQLite ends by itself then.
  const token row{.id = "t", .user_id = "u1", .issued = {}, .expires = {}};
  result<void> tokens;
  for (int i = 0; tokens && i < 10'000; ++i) {
    token next = row;
    next.id += std::to_string(i) + std::string(100, 'x');
    tokens = db->add_token(next);
  }
  EXPECT_EQ(tokens.error(), errc::full);
  EXPECT_TRUE(db->find_key(secret("0")));
  EXPECT_TRUE(db->find_key(secret(std::to_string(added - 1))));
  EXPECT_TRUE(db->revoke_key("id-0"));
  // What was refused for want of room is taken once there is some.
  EXPECT_TRUE(open_file()->add_key(some_key("more")));
}

TEST_F(sqlite_file, a_file_that_is_no_database_is_refused_and_left_alone) {
  std::filesystem::create_directory(folder_);
  const std::string text(8192, 'x');
  std::ofstream(file()) << text;
  const open_error error = open_fails();
  EXPECT_EQ(error.code, errc::corrupt);
  EXPECT_NE(error.text.find(file()), std::string::npos);
  std::ifstream raw(file());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(raw), {}), text);
}

TEST_F(sqlite_file, a_damaged_page_is_an_error_and_never_not_found) {
  open_file();
  const auto empty = static_cast<std::streamoff>(std::filesystem::file_size(file()));
  {
    const auto db = open_file();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(db->add_key(some_key(std::to_string(i))));
  }
  // The pages of rows alone, for without the schema nothing can be asked.
  overwrite(empty, std::filesystem::file_size(file()) - static_cast<std::size_t>(empty));
  const auto db = open_file();
  EXPECT_EQ(db->find_key(secret("7")).error(), errc::corrupt);
  EXPECT_EQ(db->list_keys({}).error(), errc::corrupt);
}

TEST_F(sqlite_file, a_newer_schema_is_refused_with_a_clear_line) {
  ASSERT_TRUE(open_file()->add_key(some_key("one")));
  const auto set_version = [&](int version) {
    auto hand = connection::open(file(), 1s).value();
    const std::string sql = "PRAGMA user_version = " + std::to_string(version);
    ASSERT_TRUE(hand.execute(sql.c_str()));
  };
  set_version(newest_sqlite_schema() + 1);
  const open_error error = open_fails();
  EXPECT_EQ(error.code, errc::newer_schema);
  EXPECT_NE(error.text.find("written by a newer frpx"), std::string::npos) << error.text;
  set_version(newest_sqlite_schema());
  EXPECT_TRUE(open_file()->find_key(secret("one")));
}

TEST_F(sqlite_file, the_first_versions_file_is_brought_up_to_date_with_its_keys) {
  ASSERT_TRUE(open_file()->add_key(some_key("one")));
  auto hand = connection::open(file(), 1s).value();
  ASSERT_TRUE(hand.execute(
      "DROP TABLE clients; DROP TABLE audit; DROP TABLE usage; DROP TABLE usage_batches; DROP "
      "TRIGGER key_limited; "
      "ALTER TABLE api_keys DROP COLUMN per_minute; ALTER TABLE api_keys DROP COLUMN at_once; "
      "ALTER TABLE api_keys DROP COLUMN models; ALTER TABLE api_keys DROP COLUMN clients; "
      "ALTER TABLE users DROP COLUMN ports; ALTER TABLE users DROP COLUMN leases; "
      "PRAGMA user_version = 1"));
  const auto db = open_file();
  EXPECT_EQ(db->find_key(secret("one"))->limits, key_limits());
  EXPECT_EQ(db->change_key(some_key("one").id, {.at_once = 1})->limits.at_once, 1u);
  EXPECT_TRUE(db->list_users({}));
}

TEST_F(sqlite_file, ids_of_clients_from_before_belong_to_whoever_had_them_last) {
  const wall_time first{1000s};
  const auto machine = [&](const char* user_id, const char* id, wall_time updated) {
    return asset{
        .user_id = user_id, .machine_id = id, .name = "box", .created = first, .updated = updated};
  };
  {
    const auto db = open_file();
    for (const char* id : {"u1", "u2"}) ASSERT_TRUE(db->add_user(some_user(id)));
    ASSERT_TRUE(db->put_asset(machine("u1", "moved", first + 1s)));
    ASSERT_TRUE(db->put_asset(machine("u2", "moved", first + 2s)));
    ASSERT_TRUE(db->put_asset(machine("u1", "stayed", first + 3s)));
  }
  {
    auto hand = connection::open(file(), 1s).value();
    ASSERT_TRUE(hand.execute(
        "DROP TABLE clients; ALTER TABLE users DROP COLUMN leases; PRAGMA user_version = 4"));
  }
  const auto db = open_file();
  EXPECT_EQ(db->find_client("moved")->user_id, "u2");
  EXPECT_EQ(db->find_client("moved")->seen, first + 2s);
  EXPECT_EQ(db->find_client("stayed")->user_id, "u1");
  EXPECT_EQ(db->list_clients({})->size(), 2U);
}

TEST_F(sqlite_file, a_folder_that_cannot_be_made_is_named) {
  std::ofstream(folder_).flush();  // a file where the folder should be
  const open_error error = open_fails();
  EXPECT_EQ(error.code, errc::cannot_open);
  EXPECT_NE(error.text.find(file()), std::string::npos);
  EXPECT_NE(error.text.find("Not a directory"), std::string::npos) << error.text;
}

// A process without the superuser's rights, for whom modes count.
template <class Work>
int as_nobody(Work work) {
  return end_of(start_process([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 99;
    return work();
  }));
}

TEST_F(sqlite_file, a_folder_without_leave_to_write_is_refused) {
  std::filesystem::create_directory(folder_);
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  EXPECT_EQ(as_nobody([&] { return open_fails().code == errc::cannot_open ? 0 : 1; }), 0);
}

TEST_F(sqlite_file, a_file_without_leave_to_write_is_refused) {
  (void)open_file();
  // In a folder and a file of another, readable by all.
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::permissions(file(), std::filesystem::perms(0444));
  if (::geteuid() != 0) GTEST_SKIP() << "the file's owner would be let in again";
  EXPECT_EQ(as_nobody([&] { return open_fails().code == errc::read_only ? 0 : 1; }), 0);
}

TEST_F(sqlite_file, killed_while_writing_loses_nothing_that_was_acknowledged) {
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = start_process([&] {
      const auto db = open_file();
      for (int i = 0;; ++i) {
        const std::string text = std::to_string(round) + "-" + std::to_string(i);
        if (!db->add_key(some_key(text))) return 1;
        if (::write(ends[1], &i, sizeof i) != sizeof i) return 2;
      }
    });
    ::close(ends[1]);
    int last = -1;
    int acknowledged = -1;
    while (last < 30 * (round + 1)) {
      ASSERT_EQ(::read(ends[0], &last, sizeof last), ssize_t{sizeof last});
    }
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    EXPECT_EQ(end_of(pid), 128 + SIGKILL);
    while (::read(ends[0], &acknowledged, sizeof acknowledged) == ssize_t{sizeof acknowledged}) {
      last = acknowledged;
    }
    ::close(ends[0]);

    const auto db = open_file();
    for (int i = 0; i <= last; ++i) {
      const std::string text = std::to_string(round) + "-" + std::to_string(i);
      EXPECT_TRUE(db->find_key(secret(text))) << text;
    }
    auto hand = connection::open(file(), 1s).value();
    query check(hand, "PRAGMA integrity_check");
    ASSERT_EQ(check.next().value(), query::step::row);
    EXPECT_EQ(check.text(0), "ok");
  }
}

TEST_F(sqlite_file, killed_within_a_transaction_leaves_nothing_of_it) {
  (void)open_file();
  const pid_t pid = start_process([&] {
    auto hand = connection::open(file(), 1s).value();
    transaction change(hand);
    if (!hand.execute("INSERT INTO users VALUES ('u1', 'e', 'h', 'client', 0, '', NULL)")) return 1;
    return ::raise(SIGKILL);
  });
  EXPECT_EQ(end_of(pid), 128 + SIGKILL);
  const auto db = open_file();
  EXPECT_TRUE(db->list_users({})->empty());
  EXPECT_TRUE(db->add_user(some_user("u1")));  // its lock is gone as well
}

TEST(sqlite_errors, each_has_its_meaning) {
  const std::pair<int, errc> cases[] = {
      {SQLITE_BUSY, errc::busy},
      {SQLITE_BUSY_SNAPSHOT, errc::busy},
      {SQLITE_FULL, errc::full},
      {SQLITE_READONLY_DIRECTORY, errc::read_only},
      {SQLITE_CORRUPT_INDEX, errc::corrupt},
      {SQLITE_NOTADB, errc::corrupt},
      {SQLITE_CANTOPEN_ISDIR, errc::cannot_open},
      {SQLITE_IOERR_FSYNC, errc::unavailable},
      {SQLITE_CONSTRAINT_UNIQUE, errc::already_exists},
      {SQLITE_CONSTRAINT_PRIMARYKEY, errc::already_exists},
      {SQLITE_CONSTRAINT_FOREIGNKEY, errc::not_found},
      {SQLITE_CONSTRAINT_CHECK, errc::bad_value},
      {SQLITE_NOMEM, errc::failed},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& [code, meaning] : cases) EXPECT_EQ(errc_of_sqlite(code), meaning) << code;
}

TEST(store_url, what_is_not_built_in_is_refused_by_name_and_without_its_password) {
  const char* cases[] = {"mysql://x:geheim@y", "", "frpx.db", "memory:x", "sqlite:", "sqlite://",
                         "sqlite::memory:"};
  ASSERT_GT(std::size(cases), 0u);
  for (const char* url : cases) {
    const auto opened = open(url);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, errc::unknown_scheme) << url;
    EXPECT_EQ(opened.error().text.find("geheim"), std::string::npos) << url;
  }
  EXPECT_NE(open(cases[0]).error().text.find("`mysql` is not built in"), std::string::npos);
}

TEST_F(sqlite_file, takes_both_forms_of_url) {
  ASSERT_TRUE(open("sqlite://" + file()).value()->add_key(some_key("one")));
  EXPECT_TRUE(open_file()->find_key(secret("one")));
}

}  // namespace
}  // namespace frpx::store
