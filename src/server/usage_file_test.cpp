#include "server/usage_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/random.hpp"

namespace frpx::server {
namespace {

class usage_file : public testing::Test {
 protected:
  ~usage_file() override { std::filesystem::remove(file_); }
  void write(std::string_view text) const { std::ofstream(file_) << text; }

  const std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
};

TEST_F(usage_file, batches_come_back_as_written) {
  const wall_time hour{std::chrono::hours(490'000)};
  const std::vector<usage_batch> batches = {
      {"b1",
       {{"k1", "c", "a model: of its own", hour, {1, 2, 3, 4, 5, 6}}, {"k2", "", "", hour, {}}}},
      {"b2", {{"k1", "", "m", hour, {7, 0, 0, 0, 0, 0}}}}};
  ASSERT_FALSE(write_usage_file(file_, batches));
  const auto read = read_usage_file(file_);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*read)[i].id, batches[i].id);
    ASSERT_EQ((*read)[i].rows.size(), batches[i].rows.size());
    for (std::size_t j = 0; j < batches[i].rows.size(); ++j) {
      const store::usage_row& row = (*read)[i].rows[j];
      const store::usage_row& wanted = batches[i].rows[j];
      EXPECT_EQ(row.key, wanted.key);
      EXPECT_EQ(row.client, wanted.client);
      EXPECT_EQ(row.model, wanted.model);
      EXPECT_EQ(row.hour, wanted.hour);
      EXPECT_EQ(row.of, wanted.of);
    }
  }
}

TEST_F(usage_file, no_file_holds_nothing) {
  EXPECT_TRUE(read_usage_file(file_)->empty());
}

TEST_F(usage_file, a_pipe_holds_nobody_up) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_FALSE(read_usage_file(file_));
}

TEST_F(usage_file, what_is_none_of_ours_is_refused) {
  const char* cases[] = {"hello\n",
                         "1 k c 1 2 3 4 5 6 m\n",
                         "batch b\n1 k c 1 2 3 4 5 x m\n",
                         "batch b\n1 k c 1 2 3 4 5\n",
                         "batch b\nx k c 1 2 3 4 5 6 m\n",
                         "batch b\n2454001 k c 1 2 3 4 5 6 m\n",
                         "batch b\n-1 k c 1 2 3 4 5 6 m\n",
                         "batch b\n1 k$ c 1 2 3 4 5 6 m\n",
                         "batch b\n1 k c 1 2 3 4 5 6 m\tn\n"};
  ASSERT_GT(std::size(cases), 0u);
  for (const char* text : cases) {
    write(text);
    EXPECT_FALSE(read_usage_file(file_)) << text;
  }
}

}  // namespace
}  // namespace frpx::server
