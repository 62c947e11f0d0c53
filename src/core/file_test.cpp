#include "core/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/random.hpp"

namespace frpx {
namespace {

namespace fs = std::filesystem;

class file : public testing::Test {
 protected:
  file() { fs::create_directory(folder_); }
  ~file() override { fs::remove_all(folder_); }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  const fs::path folder_ = fs::temp_directory_path() / ("frpx-file-" + random_hex(8));
  const fs::path path_ = folder_ / "file";
};

TEST_F(file, is_read_up_to_a_bound) {
  for (const std::size_t size : {0u, 1u, 70'000u, 200'000u}) {
    const std::string text(size, 'x');
    std::ofstream(path_, std::ios::trunc) << text;
    EXPECT_EQ(read_file(path_, size).value(), text);
    EXPECT_EQ(read_file(path_, size + 1).value(), text);
    if (size == 0) continue;
    EXPECT_EQ(read_file(path_, size - 1).error(), file_errc::too_large);
  }
  EXPECT_EQ(read_file(folder_ / "none", 1).error(), boost::system::errc::no_such_file_or_directory);
}

// A pipe that nobody writes into would hold up whoever opens it, for ever.
TEST_F(file, anything_but_a_regular_file_is_refused_at_once) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  fs::create_symlink(path_, folder_ / "link");
  for (const fs::path& each : {path_, folder_ / "link", folder_, fs::path("/dev/zero")}) {
    EXPECT_EQ(read_file(each, 10).error(), file_errc::not_regular) << each;
  }
}

TEST_F(file, is_replaced_whole) {
  std::ofstream(path_) << "old";
  fs::permissions(path_, fs::perms(0666));
  struct stat before{};
  ASSERT_EQ(::stat(path_.c_str(), &before), 0);
  ASSERT_FALSE(replace_file(path_, "new"));
  EXPECT_EQ(read_file(path_, 10).value(), "new");
  struct stat about{};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_NE(about.st_ino, before.st_ino) << "who reads meanwhile must not see half of it";
  EXPECT_EQ(count(), 1u) << "nothing is left behind";
}

TEST_F(file, what_cannot_be_replaced_leaves_nothing_behind) {
  fs::create_directory(path_);
  EXPECT_TRUE(replace_file(path_, "new"));
  EXPECT_EQ(count(), 1u);
  EXPECT_TRUE(replace_file(folder_ / "none" / "file", "new"));
}

// In place of a pipe or a link there is the new file afterwards, and nothing was written through.
TEST_F(file, a_pipe_or_a_link_is_replaced_not_followed) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  ASSERT_FALSE(replace_file(path_, "new"));
  EXPECT_EQ(read_file(path_, 10).value(), "new");
  std::ofstream(folder_ / "another's") << "mine";
  fs::create_symlink(folder_ / "another's", folder_ / "link");
  ASSERT_FALSE(replace_file(folder_ / "link", "new"));
  EXPECT_EQ(read_file(folder_ / "another's", 10).value(), "mine");
  EXPECT_FALSE(fs::is_symlink(folder_ / "link"));
}

}  // namespace
}  // namespace frpx
