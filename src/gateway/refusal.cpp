#include "gateway/refusal.hpp"

#include "core/clock.hpp"
#include "http/api_error.hpp"
#include "llm/error_body.hpp"

namespace frpx::gateway {

std::string answer_of(const refusal& why, const refused_request& to) {
  const wall_time now = wall_clock::now();
  const std::string_view message = why.message.empty() ? http::error_text(why.status) : why.message;
  const std::string body = llm::error_body(
      to.speaks,
      {.status = why.status, .message = message, .code = why.code, .request_id = to.request_id},
      now);
  return http::error_response({.status = why.status,
                               .body = body,
                               .keep_alive = to.keep_alive,
                               .to_head = to.is_head,
                               .offers_basic = to.speaks == llm::dialect::none,
                               .retry_after = why.retry_after,
                               .extra = to.extra},
                              now);
}

}  // namespace frpx::gateway
