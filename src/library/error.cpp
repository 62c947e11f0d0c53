#include <frpx/error.hpp>

namespace frpx {

const char* explain(errc kind) noexcept {
  switch (kind) {
    case errc::none:
      return "";
    case errc::bad_argument:
      return "an argument is not of the form that is asked for";
    case errc::unreachable:
      return "the server cannot be found or connected to";
    case errc::timed_out:
      return "the time that was given is over";
    case errc::unexpected_answer:
      return "what the server said is no answer to the question";
    case errc::port_not_allowed:
      return "the server does not give this outer port, or not with this token";
    case errc::port_occupied:
      return "the outer port is taken";
    case errc::server_error:
      return "the server cannot open the tunnel now";
    case errc::already_registered:
      return "this client holds that outer port already";
    case errc::no_port:
      return "the server has no free port";
    case errc::tunnel_ended:
      return "the tunnel has ended";
    case errc::cancelled:
      return "it was cancelled";
    case errc::cannot_listen:
      return "the address cannot be listened at";
    case errc::already_running:
      return "the server runs already";
    case errc::not_running:
      return "the server does not run";
    case errc::nothing_to_abort:
      return "there is nothing to abort";
    case errc::token_refused:
      return "the server tells its ports and services only with its token";
  }
  return "an error of another version of the library";
}

}  // namespace frpx
