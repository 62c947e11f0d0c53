#include "identity/passwords.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace frpx::identity {
namespace {

TEST(passwords, the_right_one_fits_and_no_other) {
  const auto hash = hash_password(secret("correct horse"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(verify_password(*hash, secret("correct horse")));
  for (const char* wrong : {"correct hors", "correct horse ", "Correct horse", ""}) {
    EXPECT_FALSE(verify_password(*hash, secret(wrong))) << wrong;
  }
}

TEST(passwords, cost_and_algorithm_are_those_promised) {
  const auto hash = hash_password(secret("x"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_NE(*hash, *hash_password(secret("x"))) << "no salt";
}

TEST(passwords, have_a_length) {
  EXPECT_EQ(hash_password(secret()).error(), errc::bad_password);
  EXPECT_TRUE(hash_password(secret(std::string(longest_password, 'a'))));
  EXPECT_EQ(hash_password(secret(std::string(longest_password + 1, 'a'))).error(),
            errc::bad_password);
}

TEST(passwords, the_dummy_costs_the_same_and_fits_nothing) {
  const std::string& dummy = dummy_password_hash();
  EXPECT_TRUE(dummy.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_EQ(dummy.size(), hash_password(secret("x"))->size());
  const auto time_of = [](const std::string& hash) {
    const std::clock_t begun = std::clock();  // of the processor, whoever else uses the machine
    EXPECT_FALSE(verify_password(hash, secret("guess")));
    return std::clock() - begun;
  };
  const auto real = time_of(*hash_password(secret("x")));
  EXPECT_GT(time_of(dummy), real / 4);  // a dummy that does not parse takes a thousandth
}

TEST(passwords, a_damaged_hash_fits_nothing) {
  for (const std::string& hash :
       {std::string(), std::string("$argon2id$"), std::string(500, 'a')}) {
    EXPECT_FALSE(verify_password(hash, secret("x")));
  }
}

}  // namespace
}  // namespace frpx::identity
