#include "client/token_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "client/errc.hpp"
#include "core/random.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {
namespace {

class token_file : public testing::Test {
 protected:
  token_file() : folder_(std::filesystem::temp_directory_path() / ("frpx-token-" + random_hex(8))) {
    std::filesystem::create_directory(folder_);
  }
  ~token_file() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text) const { std::ofstream(path()) << text; }
  std::filesystem::path path() const { return folder_ / "token.json"; }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

TEST_F(token_file, what_was_saved_is_loaded) {
  ASSERT_TRUE(save_token(path(), {secret("t\"\\\n"), "server:1", "a@b"}));
  const auto kept = load_token(path());
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->token.reveal(), "t\"\\\n");
  EXPECT_EQ((*kept)->server, "server:1");
  EXPECT_EQ((*kept)->email, "a@b");
}

TEST_F(token_file, is_for_its_owner_alone_and_replaced_whole) {
  write("old and readable by all");
  std::filesystem::permissions(path(), std::filesystem::perms(0644));
  struct stat before{};
  ASSERT_EQ(::stat(path().c_str(), &before), 0);
  const ::mode_t mask = ::umask(0);
  const auto saved = save_token(path(), {secret("t"), "s", "e"});
  ::umask(mask);
  ASSERT_TRUE(saved);
  struct stat about{};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_NE(about.st_ino, before.st_ino) << "who reads meanwhile must not see half of it";
  EXPECT_EQ(files(), 1u) << "nothing is left behind";
}

TEST_F(token_file, a_failed_save_leaves_nothing_behind) {
  std::filesystem::create_directory(path());
  EXPECT_FALSE(save_token(path(), {secret("t"), "s", "e"}));
  EXPECT_EQ(files(), 1u);
  EXPECT_FALSE(save_token(folder_ / "missing" / "token.json", {secret("t"), "s", "e"}));
}

TEST_F(token_file, a_missing_file_is_no_error) {
  const auto kept = load_token(path());
  ASSERT_TRUE(kept);
  EXPECT_FALSE(*kept);
}

TEST_F(token_file, the_public_form_has_no_server_and_no_email) {
  write(R"({"token":"abc","other":[1,2]})");
  const auto kept = load_token(path());
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->token.reveal(), "abc");
  EXPECT_TRUE((*kept)->fits("any:1", "any@one"));
}

TEST_F(token_file, broken_files_are_said) {
  const std::string longest(wire::longest_secret, 't');
  const struct {
    std::string text;
    errc why;
  } cases[] = {
      {"", errc::token_file_not_json},
      {"{", errc::token_file_not_json},
      {"[]", errc::token_file_not_json},
      {std::string(100'000, '['), errc::token_file_too_large},
      {std::string(1'000, '['), errc::token_file_not_json},
      {"{}", errc::token_file_without_token},
      {R"({"token":""})", errc::token_file_without_token},
      {R"({"token":null})", errc::token_file_without_token},
      {R"({"token":5})", errc::token_file_without_token},
      {R"({"token":")" + longest + R"(t"})", errc::token_file_without_token},
      {R"({"token":"a"})" + std::string(largest_token_file - 12, ' '), errc::token_file_too_large},
  };
  ASSERT_FALSE(std::empty(cases));
  for (const auto& each : cases) {
    write(each.text);
    const auto kept = load_token(path());
    ASSERT_FALSE(kept) << each.text.substr(0, 40);
    EXPECT_EQ(kept.error(), each.why) << each.text.substr(0, 40);
  }
  for (const std::string& good : {R"({"token":")" + longest + R"("})",
                                  R"({"token":"a"})" + std::string(largest_token_file - 13, ' ')}) {
    write(good);
    EXPECT_TRUE(load_token(path())) << good.size();
  }
}

TEST_F(token_file, a_pipe_or_a_folder_does_not_hold_the_program_up) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(load_token(path()).error(), errc::token_file_not_a_file);
  EXPECT_EQ(load_token(folder_).error(), errc::token_file_not_a_file);
}

TEST(kept_token, fits_its_server_and_its_email_only) {
  const kept_token bound{secret("t"), "a:1", "x@y"};
  EXPECT_TRUE(bound.fits("a:1", "x@y"));
  EXPECT_TRUE(bound.fits("a:1", "")) << "nobody said who";
  EXPECT_FALSE(bound.fits("a:2", "x@y"));
  EXPECT_FALSE(bound.fits("b:1", "x@y"));
  EXPECT_FALSE(bound.fits("a:1", "z@y"));
  EXPECT_FALSE(bound.fits("b:1", ""));
}

}  // namespace
}  // namespace frpx::client
