// The frames of `link/1`: `u32 stream | u8 type | u24 length`, big endian, then the payload.
// docs/link.md is the protocol's page; its bytes are checked against this codec by a test.
#pragma once

#include <optional>
#include <string_view>

#include "core/bytes.hpp"
#include "core/service_kind.hpp"
#include "core/uuid.hpp"

namespace frpx::link {

using stream_id = std::uint32_t;

enum class frame_type : std::uint8_t {
  open = 1,
  opened = 2,
  data = 3,
  fin = 4,
  rst = 5,
  credit = 6,
  give_back = 7,  ///< RETURN on the wire.
  ping = 8,
  pong = 9,
  goaway = 10,
  datagram = 11,
  move = 12,
};

using stream_kind = service_kind;

/// The answer to OPEN.
enum class open_status : std::uint8_t {
  connected = 0,
  refused = 1,
  timed_out = 2,
  unknown_service = 3,
  draining = 4,
  too_many = 5,
};

/// Why a stream was reset. Codes that the protocol does not know read as `cancelled`.
enum class reset_code : std::uint32_t {
  cancelled = 0,
  by_the_end = 1,
  deadline = 2,
  no_memory = 3,
  own_connection_lost = 4,
  link_lost = 0xffff'ffff,  ///< Never on the wire: the link itself has ended.
};

enum class goaway_code : std::uint32_t {
  drain = 0,
  protocol = 1,
  limit = 2,
  session_over = 3,
  dead = 4,
  ids_used_up = 5,
};

/// Drain and ids_used_up end a link gently: what is open goes on. The others reset everything.
inline bool is_gentle(goaway_code code) {
  return code == goaway_code::drain || code == goaway_code::ids_used_up;
}

inline constexpr std::size_t header_size = 8;
inline constexpr std::size_t longest_data = 65536;
inline constexpr std::size_t longest_datagram = 65507;
inline constexpr std::size_t longest_open = 512;
inline constexpr std::size_t longest_goaway = 204;
/// The longest control frame with its header: an OPEN.
inline constexpr std::size_t longest_control = header_size + longest_open;

struct frame_header {
  stream_id stream = 0;
  frame_type type{};
  std::uint32_t length = 0;
};

/// Reads the `header_size` bytes at `from`; nothing is judged yet.
inline frame_header load_header(const std::byte* from) {
  return {load_big<std::uint32_t>(from), static_cast<frame_type>(from[4]),
          load_big<std::uint32_t, 3>(from + 5)};
}

inline void store_header(const frame_header& header, std::byte* to) {
  store_big(header.stream, to);
  to[4] = static_cast<std::byte>(header.type);
  store_big<std::uint32_t, 3>(header.length, to + 5);
}

/// Whether the type is known, its length within the type's bounds, and stream 0 used by PING, PONG
/// and GOAWAY and by nothing else. What passes may have its payload read.
bool is_sound(const frame_header& header);

/// What OPEN carries. The texts are views into the payload.
struct open_request {
  stream_id id = 0;
  stream_kind kind = stream_kind::tcp;
  std::uint32_t credit = 0;  ///< What the client may send at first, in bytes.
  std::string_view service;
  std::string_view visitor;  ///< `addr:port`, for logs and the service's headers.
};

struct open_answer {
  open_status status = open_status::refused;
  std::uint32_t credit = 0;  ///< Added to `early`; 0 when refused.
};

struct goaway_notice {
  goaway_code code = goaway_code::drain;
  std::string_view text;
};

/// Payload readers: empty when the payload is not what its type says. Bytes behind OPEN's and
/// OPENED's fields are ignored, as the protocol asks.
std::optional<open_request> read_open(stream_id id, bytes_view payload);
std::optional<open_answer> read_opened(bytes_view payload);
std::optional<goaway_notice> read_goaway(bytes_view payload);
reset_code read_reset(bytes_view payload);
inline std::uint32_t read_amount(bytes_view payload) {
  return load_big<std::uint32_t>(payload.data());
}

/// Frame writers: each writes one whole frame at `to`, which has room for `longest_control` bytes,
/// and returns its size.
std::size_t write_open(const open_request& open, std::byte* to);
std::size_t write_opened(stream_id id, const open_answer& answer, std::byte* to);
std::size_t write_reset(stream_id id, reset_code code, std::byte* to);
std::size_t write_credit(stream_id id, std::uint32_t amount, std::byte* to);
std::size_t write_return(stream_id id, std::uint32_t amount, std::byte* to);
std::size_t write_ping(std::uint64_t opaque, std::byte* to);
std::size_t write_pong(std::uint64_t opaque, std::byte* to);
std::size_t write_goaway(goaway_code code, std::string_view text, std::byte* to);
std::size_t write_move(stream_id id, const uuid& one_time_id, std::byte* to);

/// Whether an OPEN can carry these texts.
bool fits_open(std::string_view service, std::string_view visitor);

}  // namespace frpx::link
