// Who may be tried again: from what happened to what the gateway does
// (docs/life-of-a-connection.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/api_path.hpp"

namespace frpx::gateway {

/// How a try to have a request served by one client ended without a whole answer.
enum class outcome : std::uint8_t {
  refused,  ///< The client said so: nothing listens at the local address, or it is no service.
  busy,     ///< The client said so: draining, or too many streams.
  dial_too_late,   ///< The client said so: the local connect timed out.
  ended_unopened,  ///< The stream, link or session ended before OPENED, or could not be made at
                   ///< all.
  late_unopened,   ///< No OPENED, or no stream, within its deadline.
  ended_opened,    ///< Opened, a reused stream, or a public client's: ended before a response byte.
  late_answer,     ///< Opened, and no whole response head within its deadline.
  rubbish,         ///< The local service answered what is no HTTP response.
  unavailable,     ///< The local service answered 503 or 429, of which nothing was passed on yet.
};

/// One try that failed, as the gateway saw it.
struct failed_try {
  outcome what = outcome::ended_unopened;
  bool data_sent = false;     ///< Any byte of the request went out.
  bool repeatable = false;    ///< is_repeatable().
  bool held = false;          ///< All that was sent is still held: it can be sent again.
  bool answer_begun = false;  ///< A byte of the final response has gone to the visitor.
  bool another_left = false;  ///< A client not tried yet, and time to try it.
};

enum class decision : std::uint8_t {
  next_client,
  answer_502,
  answer_503,
  answer_504,
  pass_answer,    ///< The service's own answer is the visitor's.
  reset_visitor,  ///< The visitor holds the beginning of an answer: it must not look complete.
};

/// The table. Pure.
decision decide(const failed_try& t);

/// The status of an answer_* decision; 0 for the others.
int status_of(decision d);

/// Whether a request may reach two services: GET, HEAD, OPTIONS, PUT, DELETE; any of the `given`
/// paths; if none are given, what the table of model paths says. `path` without query.
bool is_repeatable(std::string_view method, std::string_view path, const llm::api_match& api,
                   const std::optional<std::vector<std::string>>& given);

}  // namespace frpx::gateway
