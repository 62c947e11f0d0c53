#include "link/errc.hpp"

namespace frpx::link {

const char* explain(errc value) {
  switch (value) {
    case errc::draining:
      return "the link takes no new streams";
    case errc::too_many:
      return "as many streams are open as the client takes";
    case errc::no_room:
      return "there is no memory left to promise to another stream";
    case errc::bad_name:
      return "the service's name or the visitor's address is too long";
    case errc::ids_used_up:
      return "the link's stream ids are used up";
    case errc::closed:
      return "the link has ended";
    case errc::protocol:
      return "the peer broke the link's protocol";
    case errc::limit:
      return "the peer went beyond a limit of the link";
    case errc::session_over:
      return "the session has ended";
    case errc::dead:
      return "the peer does not answer any more";
    case errc::lost:
      return "the connection was lost";
    case errc::unknown_stream:
      return "the stream has ended";
    case errc::refused:
      return "the local service refuses connections";
    case errc::timed_out:
      return "the local service does not answer";
    case errc::unknown_service:
      return "the client has no such service";
    case errc::misplaced_move:
      return "the peer framed more bytes than it says";
  }
  return "unknown link error";
}

error_code make_error_code(errc value) {
  return frpx::error_of<errc, explain>("link", value);
}

error_code error_of(open_status status) {
  switch (status) {
    case open_status::connected:
      return {};
    case open_status::refused:
      return errc::refused;
    case open_status::timed_out:
      return errc::timed_out;
    case open_status::unknown_service:
      return errc::unknown_service;
    case open_status::draining:
      return errc::draining;
    case open_status::too_many:
      return errc::too_many;
  }
  return errc::refused;
}

}  // namespace frpx::link
