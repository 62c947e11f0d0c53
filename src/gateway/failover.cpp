#include "gateway/failover.hpp"

#include <algorithm>
#include <array>

namespace frpx::gateway {
namespace {

/// The service has certainly not begun to serve the request.
bool served_nothing(const failed_try& t) {
  switch (t.what) {
    case outcome::refused:
    case outcome::busy:
    case outcome::dial_too_late:
      return true;  // what was sent behind OPEN has been dropped
    case outcome::unavailable:
      return true;  // it says so itself
    case outcome::ended_unopened:
    case outcome::late_unopened:
    case outcome::ended_opened:
      return !t.data_sent;
    case outcome::late_answer:
    case outcome::rubbish:
      return false;
  }
  return false;
}

/// A service that answers late or wrongly would do so again, at another client as well.
bool is_final(outcome what) {
  return what == outcome::late_answer || what == outcome::rubbish;
}

decision answer_for(const failed_try& t) {
  switch (t.what) {
    case outcome::busy:
      return decision::answer_503;
    case outcome::dial_too_late:
    case outcome::late_unopened:
    case outcome::late_answer:
      return decision::answer_504;
    case outcome::ended_unopened:
      return t.data_sent ? decision::answer_502 : decision::answer_503;
    case outcome::refused:
    case outcome::ended_opened:
    case outcome::rubbish:
      return decision::answer_502;
    case outcome::unavailable:
      return decision::pass_answer;
  }
  return decision::answer_502;
}

}  // namespace

decision decide(const failed_try& t) {
  if (t.answer_begun) return decision::reset_visitor;
  const bool may_go_on =
      !is_final(t.what) && (t.held || !t.data_sent) && (served_nothing(t) || t.repeatable);
  return may_go_on && t.another_left ? decision::next_client : answer_for(t);
}

int status_of(decision d) {
  switch (d) {
    case decision::answer_502:
      return 502;
    case decision::answer_503:
      return 503;
    case decision::answer_504:
      return 504;
    case decision::next_client:
    case decision::pass_answer:
    case decision::reset_visitor:
      return 0;
  }
  return 0;
}

bool is_repeatable(std::string_view method, std::string_view path, const llm::api_match& api,
                   const std::optional<std::vector<std::string>>& given) {
  constexpr std::array<std::string_view, 5> methods = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
  if (std::find(methods.begin(), methods.end(), method) != methods.end()) return true;
  return given ? std::find(given->begin(), given->end(), path) != given->end() : api.repeatable();
}

}  // namespace frpx::gateway
