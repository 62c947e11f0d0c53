#include "http/message.hpp"

#include "core/clock.hpp"
#include "http/api_error.hpp"

namespace frpx::http {

response refusal(int status, std::string_view message) {
  response answer;
  answer.status = status;
  answer.body = error_envelope(message.empty() ? error_text(status) : message, wall_clock::now());
  return answer;
}

boost::asio::awaitable<response> ready(response answer) {
  co_return std::move(answer);
}

}  // namespace frpx::http
