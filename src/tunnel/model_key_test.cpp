#include "tunnel/model_key.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace frpx::tunnel {
namespace {

TEST(model_key, names_that_mean_one_model) {
  const std::vector<std::vector<std::string>> same = {
      {"qwen2.5", "qwen2.5:latest", "Qwen2.5", "QWEN2.5:LATEST", "library/qwen2.5",
       "registry.ollama.ai/library/qwen2.5:latest"},
      {"qwen2.5:7b", "Qwen2.5:7B", "library/qwen2.5:7b"},
      {"someone/qwen2.5", "Someone/qwen2.5:latest", "registry.ollama.ai/someone/qwen2.5"},
      {"Qwen/Qwen2.5-7B-Instruct"},
      {"latest"},
      {"qwen2.5:latest-b"},
      {"hf.co/library/qwen2.5"},
  };
  for (const auto& row : same) {
    for (const auto& other_row : same) {
      for (const auto& one : row) {
        for (const auto& other : other_row) {
          EXPECT_EQ(model_key(one).view() == model_key(other).view(), &row == &other_row)
              << one << " and " << other;
        }
      }
    }
  }
}

TEST(model_key, bounds) {
  EXPECT_TRUE(model_key("").empty());
  EXPECT_TRUE(model_key(":latest").empty());
  EXPECT_EQ(model_key(std::string(256, 'a')).view(), std::string(256, 'a'));
  EXPECT_TRUE(model_key(std::string(257, 'a')).empty());
}

}  // namespace
}  // namespace frpx::tunnel
