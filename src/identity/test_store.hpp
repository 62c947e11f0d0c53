// For tests: a store in memory whose look-ups fail on demand and are counted.
#pragma once

#include <functional>

#include "store/memory/memory_store.hpp"

namespace frpx::identity {

class test_store final : public store::memory_store {
 public:
  error_code fault;                        ///< What look-ups give back while it is set.
  int key_questions = 0;                   ///< How often find_key() was called.
  std::function<void()> after_key_answer;  ///< Runs when find_key() has its answer in hand.

  result<frpx::store::api_key> find_key(const secret& text) override {
    ++key_questions;
    if (fault) return fault;
    auto answer = memory_store::find_key(text);
    if (after_key_answer) after_key_answer();
    return answer;
  }
  result<frpx::store::user> find_user(std::string_view email) override {
    if (fault) return fault;
    return memory_store::find_user(email);
  }
  result<frpx::store::token> find_token(std::string_view id) override {
    if (fault) return fault;
    return memory_store::find_token(id);
  }
  result<std::uint64_t> change_count() override {
    if (fault) return fault;
    return memory_store::change_count();
  }
};

}  // namespace frpx::identity
