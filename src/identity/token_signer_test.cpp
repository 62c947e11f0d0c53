#include "identity/token_signer.hpp"

#include <gtest/gtest.h>
#include <jwt.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "core/hex.hpp"
#include "core/random.hpp"

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

const wall_time t0{1'700'000'000s};
const std::string signing(64, 's');
const token_signer signer{secret(signing)};
const claims some{"u1", "t1", t0, t0 + 1h};

// A token that another program made, with any algorithm and members.
std::string foreign(jwt_alg_t algorithm, const std::string& key, const char* members) {
  jwt_t* raw = nullptr;
  EXPECT_EQ(jwt_new(&raw), 0);
  EXPECT_EQ(jwt_add_grants_json(raw, members), 0) << members;
  EXPECT_EQ(jwt_set_alg(raw, algorithm,
                        key.empty() ? nullptr : reinterpret_cast<const unsigned char*>(key.data()),
                        static_cast<int>(key.size())),
            0);
  char* text = jwt_encode_str(raw);
  std::string out(text);
  std::free(text);
  jwt_free(raw);
  return out;
}

constexpr const char* good_members = R"({"sub":"u1","jti":"t1","iat":1700000000,"exp":1700003600})";

error_code refusal(const std::string& text, wall_time now = t0) {
  const auto read = signer.read(secret(text), now);
  return read ? error_code{} : read.error();
}

TEST(token_signer, reads_what_it_signed) {
  const auto token = signer.sign(some);
  ASSERT_TRUE(token);
  const auto read = signer.read(*token, t0 + 59min);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user_id, "u1");
  EXPECT_EQ(read->token_id, "t1");
  EXPECT_EQ(read->issued, t0);
  EXPECT_EQ(read->expires, t0 + 1h);
}

TEST(token_signer, reads_a_foreign_token_with_the_same_secret) {
  EXPECT_FALSE(refusal(foreign(JWT_ALG_HS256, signing, good_members)));
}

TEST(token_signer, refuses_the_expired) {
  const auto token = signer.sign(some);
  EXPECT_TRUE(signer.read(*token, t0 + 1h - 1s));
  EXPECT_EQ(signer.read(*token, t0 + 1h).error(), errc::invalid_token);
}

TEST(token_signer, refuses_every_other_algorithm) {
  EXPECT_EQ(refusal(foreign(JWT_ALG_HS384, signing, good_members)), errc::invalid_token);
  EXPECT_EQ(refusal(foreign(JWT_ALG_HS512, signing, good_members)), errc::invalid_token);
  const std::string unsigned_one = foreign(JWT_ALG_NONE, "", good_members);
  EXPECT_EQ(refusal(unsigned_one), errc::invalid_token);
  // A header that says `none` before a signature that fits HS256, and one that says RS256.
  const std::string body = unsigned_one.substr(unsigned_one.find('.'));
  EXPECT_EQ(refusal("eyJhbGciOiJub25lIn0" + body), errc::invalid_token);
  EXPECT_EQ(refusal("eyJhbGciOiJSUzI1NiJ9" + body + "c2ln"), errc::invalid_token);
}

TEST(token_signer, refuses_another_secret_and_any_changed_character) {
  const std::string token = signer.sign(some)->reveal();
  EXPECT_EQ(token_signer(secret(std::string(64, 't'))).read(secret(token), t0).error(),
            errc::invalid_token);
  for (std::size_t i = 0; i < token.size() - 1; ++i) {  // the last one carries unused bits
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(refusal(changed), errc::invalid_token) << i;
  }
}

TEST(token_signer, refuses_members_that_are_missing_or_of_another_kind) {
  const char* cases[] = {
      R"({"jti":"t1","iat":1700000000,"exp":1700003600})",
      R"({"sub":"u1","iat":1700000000,"exp":1700003600})",
      R"({"sub":"u1","jti":"t1","exp":1700003600})",
      R"({"sub":"u1","jti":"t1","iat":1700000000})",
      R"({"sub":1,"jti":"t1","iat":1700000000,"exp":1700003600})",
      R"({"sub":"a b","jti":"t1","iat":1700000000,"exp":1700003600})",
      R"({"sub":"u1","jti":"","iat":1700000000,"exp":1700003600})",
      R"({"sub":"u1","jti":"t1","iat":1700000000,"exp":"1700003600"})",
      R"({"sub":"u1","jti":"t1","iat":1700000000,"exp":-1})",
      R"({"sub":"u1","jti":"t1","iat":1700000000,"exp":9223372036854775807})",
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const char* members : cases) {
    EXPECT_EQ(refusal(foreign(JWT_ALG_HS256, signing, members)), errc::invalid_token) << members;
  }
}

TEST(token_signer, refuses_what_is_no_token) {
  const std::string good = signer.sign(some)->reveal();
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), std::string("{}"),
        good + ".", good + "." + good, good.substr(0, good.rfind('.')), std::string(100, '.'),
        std::string("abc\0def", 7), good + std::string(1, '\0')}) {
    EXPECT_EQ(refusal(text), errc::invalid_token) << text;
  }
}

TEST(token_signer, looks_at_tokens_up_to_its_bound) {
  const auto padded = [](std::size_t padding) {
    const std::string members = std::string(R"({"sub":"u1","jti":"t1","iat":1700000000,)") +
                                R"("exp":1700003600,"x":")" + std::string(padding, 'x') + "\"}";
    return foreign(JWT_ALG_HS256, signing, members.c_str());
  };
  std::size_t padding = 1;
  while (padded(padding + 1).size() <= longest_token) ++padding;
  EXPECT_FALSE(refusal(padded(padding)));
  EXPECT_EQ(refusal(padded(padding + 1)), errc::invalid_token);
}

class secret_file : public testing::Test {
 protected:
  secret_file() { std::filesystem::create_directory(folder_); }
  ~secret_file() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
  const std::filesystem::path file_ = folder_ / "token.secret";
};

TEST_F(secret_file, is_made_once_for_its_owner_alone) {
  const auto made = load_or_make_signing_secret(file_);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->reveal().size(), 64u);
  struct stat found{};
  ASSERT_EQ(::stat(file_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_TRUE(*load_or_make_signing_secret(file_) == *made);
  EXPECT_TRUE(*load_signing_secret(file_) == *made);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "left-overs";
}

TEST_F(secret_file, is_the_same_for_all_who_start_at_once) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  constexpr int count = 10;
  for (int i = 0; i < count; ++i) {
    if (::fork() == 0) {
      const auto made = load_or_make_signing_secret(file_);
      const std::string text = made ? to_hex(sha256(made->reveal())) : std::string(64, '!');
      ::_exit(::write(ends[1], text.data(), text.size()) == 64 ? 0 : 1);
    }
  }
  ::close(ends[1]);
  std::string all;
  char buffer[64];
  while (::read(ends[0], buffer, sizeof buffer) == ssize_t{sizeof buffer}) {
    all.append(buffer, sizeof buffer);
  }
  ::close(ends[0]);
  for (int i = 0; i < count; ++i) EXPECT_GT(::wait(nullptr), 0);
  ASSERT_EQ(all.size(), 64u * count);
  const std::string expected = to_hex(sha256(load_signing_secret(file_)->reveal()));
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(all.substr(static_cast<std::size_t>(i) * 64, 64), expected);
  }
}

TEST_F(secret_file, has_at_least_32_bytes_and_at_most_4096) {
  const auto load_of_size = [&](std::size_t size) {
    std::ofstream(file_) << std::string(size, 'x') << "\n";
    return load_signing_secret(file_);
  };
  EXPECT_EQ(load_of_size(31).error(), errc::bad_secret_file);
  EXPECT_EQ(load_of_size(32)->reveal(), std::string(32, 'x'));
  EXPECT_TRUE(load_of_size(4095));
  EXPECT_EQ(load_of_size(4096).error(), errc::bad_secret_file);
  EXPECT_EQ(load_or_make_signing_secret(file_).error(), errc::bad_secret_file);
}

TEST_F(secret_file, that_cannot_be_made_or_read_is_an_error) {
  EXPECT_EQ(load_signing_secret(file_).error(), errc::bad_secret_file);
  EXPECT_EQ(load_or_make_signing_secret(folder_ / "absent" / "file").error(),
            errc::bad_secret_file);
  EXPECT_EQ(load_signing_secret(folder_).error(), errc::bad_secret_file);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(load_or_make_signing_secret(file_).error(), errc::bad_secret_file);
}

}  // namespace
}  // namespace frpx::identity
