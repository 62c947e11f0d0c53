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
    case errc::misplaced_move:
      return "the peer framed more bytes than it says";
  }
  return "unknown link error";
}

error_code make_error_code(errc value) {
  return error_of<errc, explain>("link", value);
}

}  // namespace frpx::link
