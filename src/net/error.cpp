#include "net/error.hpp"

namespace frpx::net {
namespace {

const char* explain(errc value) {
  switch (value) {
    case errc::late:
      return "no answer within the deadline";
    case errc::busy:
      return "too many are waiting already";
    case errc::bad_address:
      return "neither an IP address nor a host name";
    case errc::unknown_host:
      return "the host name has no address";
    case errc::name_server:
      return "the name servers do not answer";
  }
  return "unknown";
}

}  // namespace

error_code make_error_code(errc value) {
  return error_of<errc, explain>("net", value);
}

}  // namespace frpx::net
