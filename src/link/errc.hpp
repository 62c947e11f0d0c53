// Why a stream could not be opened, or why a link ended.
#pragma once

#include "core/result.hpp"
#include "link/frame.hpp"

namespace frpx::link {

enum class errc {
  draining = 1,     ///< GOAWAY was sent or received; no stream is opened here any more.
  too_many,         ///< As many streams are open as the client takes.
  no_room,          ///< The ledger has no room for another stream's floor.
  bad_name,         ///< The service's name or the visitor's address does not fit an OPEN.
  ids_used_up,      ///< The last stream id was given out.
  closed,           ///< The link has ended.
  protocol,         ///< The peer sent what the protocol forbids.
  limit,            ///< The peer went beyond a limit.
  session_over,     ///< The session that this link belongs to has ended.
  dead,             ///< The peer is silent and acknowledges nothing.
  lost,             ///< The connection ended in the middle.
  unknown_stream,   ///< There is no such stream, or it cannot do this any more.
  refused,          ///< The client could not connect: nothing listens at the local address.
  timed_out,        ///< The client's local connect took too long.
  unknown_service,  ///< The client has no service of that name.
  misplaced_move,   ///< More bytes came by the link than the sender says it framed.
};

/// One sentence for each value.
const char* explain(errc value);
error_code make_error_code(errc value);
/// Why an OPEN was refused; no error for a connected one.
error_code error_of(open_status status);

}  // namespace frpx::link

template <>
struct boost::system::is_error_code_enum<frpx::link::errc> : std::true_type {};
