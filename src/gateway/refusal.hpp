// Why a request is not served, and how its sender is told.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "http/field.hpp"
#include "llm/api_path.hpp"

namespace frpx::gateway {

/// What the gateway answers instead. The texts live until the answer is given.
struct refusal {
  int status = 0;                       ///< 0: it is served.
  std::string_view message;             ///< Empty: the status's own text.
  std::string_view code;                ///< The machine's word for it; empty: the status's own.
  std::chrono::seconds retry_after{0};  ///< Said if it is not 0.

  explicit operator bool() const { return status != 0; }
};

/// Whom it is told.
struct refused_request {
  llm::dialect speaks = llm::dialect::none;
  bool keep_alive = false;  ///< Its connection may bring another request.
  bool is_head = false;     ///< Then there is no body.
  std::string_view request_id;
  std::span<const http::field> extra;  ///< Fields of the answer.
};

/// The whole answer: in frpx's envelope, and to callers of models in the form of their API, too.
std::string answer_of(const refusal& why, const refused_request& to);

}  // namespace frpx::gateway
