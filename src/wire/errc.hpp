// What can be wrong with a peer's frames and commands.
#pragma once

#include "core/result.hpp"

namespace frpx::wire {

enum class errc {
  empty_frame = 1,
  frame_too_long,
  not_json,
  not_a_command,
  unknown_command,
  missing_field,
  wrong_type,
  too_long,
  too_many,
  short_segment,
  not_a_segment,
};

constexpr const char* explain(errc e) {
  switch (e) {
    case errc::empty_frame:
      return "the peer sent a frame of no bytes";
    case errc::frame_too_long:
      return "the peer announced a frame longer than it may send now";
    case errc::not_json:
      return "the frame holds no JSON, or JSON nested too deeply";
    case errc::not_a_command:
      return "the frame holds no object with exactly one member";
    case errc::unknown_command:
      return "the peer sent a command that has no meaning here";
    case errc::missing_field:
      return "the command lacks a field that it must have";
    case errc::wrong_type:
      return "a field of the command has a value of the wrong type or range";
    case errc::too_long:
      return "a text in the command is longer than any that is accepted";
    case errc::too_many:
      return "a list in the command has more entries than are accepted";
    case errc::short_segment:
      return "the peer sent a segment without room for its stream's number";
    case errc::not_a_segment:
      return "the peer sent something else than a segment in a tunnel";
  }
  return "unknown error of the wire";
}

inline error_code make_error_code(errc e) {
  return error_of<errc, explain>("wire", e);
}

}  // namespace frpx::wire

template <>
struct boost::system::is_error_code_enum<frpx::wire::errc> : std::true_type {};
