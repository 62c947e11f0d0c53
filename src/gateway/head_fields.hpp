// The fields that the gateway adds to a request, and to the answer whoever gives it.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "core/random.hpp"
#include "http/head.hpp"

namespace frpx::gateway {

/// X-Request-Id, by which a visitor, our log and the local service speak of one request, and
/// X-Frpx-Client, which says who answered it. Belongs to one exchange; allocates nothing.
class head_fields {
 public:
  head_fields() = default;
  head_fields(const head_fields&) = delete;
  head_fields& operator=(const head_fields&) = delete;

  /// Another request, whose bytes live until `clear`. Its own id is taken if its sender is trusted
  /// and the id is a name (core/names.hpp), else one is made: 32 hexadecimal digits, which nobody
  /// has to be unable to guess.
  void start(const http::request_head& head, bool trusted, quick_random& random);
  /// Answers name this client from now on; `id` lives until `clear`.
  void name_client(std::string_view id);
  void clear() { count_ = 0; }

  std::span<const http::field> of_request() const {
    return {fields_.data(), count_ != 0 ? 1U : 0U};
  }
  std::span<const http::field> of_answer() const { return {fields_.data(), count_}; }
  std::string_view request_id() const {
    return count_ != 0 ? fields_[0].value : std::string_view();
  }

 private:
  std::array<char, 32> made_;
  std::array<http::field, 2> fields_;  // the request's id, then the client
  std::size_t count_ = 0;
};

}  // namespace frpx::gateway
