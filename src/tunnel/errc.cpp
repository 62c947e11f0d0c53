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
    case errc::not_yours:
      return "Client ID belongs to another account; give this client another with --client-id, or "
             "have an operator free it: frps client forget ID";
    case errc::banned:
      return "Client ID was disconnected by an operator a moment ago";
    case errc::store_away:
      return "Database error";
    case errc::port_not_allowed:
      return "the server does not give this outer port (frps --outer-ports)";
    case errc::port_not_yours:
      return "this account may not have that outer port (frps user ports)";
    case errc::too_many_ports:
      return "this account has as many outer ports as it may (frps --max-leases): close a service, "
             "or have an operator release a lease (frps lease release NAME) or allow more (frps "
             "user leases EMAIL N)";
    case errc::port_occupied:
      return "the outer port is in use, or promised to another service";
    case errc::name_in_use:
      return "another client of this account has a service of that name; choose another with "
             "--name, or give both the same --group to share its port";
    case errc::group_differs:
      return "the group's other clients registered this service with another kind or outer port";
    case errc::unknown_service:
      return "there is no service of that name";
    case errc::bad_service:
      return "a name, text, list or number of the service is not allowed";
    case errc::cancelled:
      return "its client closed it";
    case errc::served_out:
      return "it has served as many visitors as it may";
    case errc::time_over:
      return "its time is over";
    case errc::aborted:
      return "the server ended it";
  }
  return "unknown";
}

}  // namespace

error_code make_error_code(errc value) {
  return error_of<errc, explain>("tunnel", value);
}

}  // namespace frpx::tunnel
