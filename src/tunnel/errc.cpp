#include "tunnel/errc.hpp"

namespace frpx::tunnel {
namespace {

const char* explain(errc value) {
  switch (value) {
    case errc::session_gone:
      return "the client's session has ended";
    case errc::late:
      return "the client did not open the stream in time";
    case errc::too_many:
      return "too many are open or pending already";
    case errc::already_connected:
      return "Client ID already in use";  // the public server's words
    case errc::contested:
      return "Client ID already in use by another program that keeps coming back; give each its "
             "own "
             "with --client-id";
    case errc::banned:
      return "Client ID was disconnected by an operator a moment ago";
  }
  return "unknown";
}

}  // namespace

error_code make_error_code(errc value) {
  return error_of<errc, explain>("tunnel", value);
}

}  // namespace frpx::tunnel
