#include "link/frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace frpx::link {

namespace {

struct length_range {
  std::uint32_t least = 1;
  std::uint32_t most = 0;  // an unknown type has no length that fits
};

constexpr std::array<length_range, 13> lengths{{
    {},                     // 0: not a type
    {7, longest_open},      // OPEN
    {5, 64},                // OPENED
    {1, longest_data},      // DATA
    {0, 0},                 // FIN
    {4, 4},                 // RST
    {4, 4},                 // CREDIT
    {4, 4},                 // RETURN
    {8, 8},                 // PING
    {8, 8},                 // PONG
    {4, longest_goaway},    // GOAWAY
    {0, longest_datagram},  // DATAGRAM
    {16, 16},               // MOVE
}};

bool is_about_the_link(frame_type type) {
  return type == frame_type::ping || type == frame_type::pong || type == frame_type::goaway;
}

/// A text behind its length in one byte; cut from `payload`.
std::optional<std::string_view> cut_text(bytes_view& payload) {
  if (payload.empty()) return std::nullopt;
  const auto size = std::to_integer<std::size_t>(payload[0]);
  if (payload.size() < 1 + size) return std::nullopt;
  const std::string_view text = as_text(payload.subspan(1, size));
  payload = payload.subspan(1 + size);
  return text;
}

std::byte* put_text(std::string_view text, std::byte* to) {
  *to++ = static_cast<std::byte>(text.size());
  return std::copy_n(as_bytes(text).data(), text.size(), to);
}

std::size_t write_amount(stream_id id, frame_type type, std::uint32_t amount, std::byte* to) {
  store_header({id, type, 4}, to);
  store_big(amount, to + header_size);
  return header_size + 4;
}

std::size_t write_opaque(frame_type type, std::uint64_t opaque, std::byte* to) {
  store_header({0, type, 8}, to);
  store_big(opaque, to + header_size);
  return header_size + 8;
}

}  // namespace

bool is_sound(const frame_header& header) {
  const auto number = static_cast<std::size_t>(header.type);
  if (number >= lengths.size()) return false;
  const length_range& range = lengths[number];
  return header.length >= range.least && header.length <= range.most &&
         (header.stream == 0) == is_about_the_link(header.type);
}

std::optional<open_request> read_open(stream_id id, bytes_view payload) {
  if (payload.size() < 7) return std::nullopt;
  const auto kind = std::to_integer<std::uint8_t>(payload[0]);
  if (kind > static_cast<std::uint8_t>(stream_kind::udp)) return std::nullopt;
  open_request open{.id = id,
                    .kind = static_cast<stream_kind>(kind),
                    .credit = load_big<std::uint32_t>(payload.data() + 1)};
  payload = payload.subspan(5);
  const auto service = cut_text(payload);
  const auto visitor = service ? cut_text(payload) : std::nullopt;
  if (!visitor) return std::nullopt;
  open.service = *service;
  open.visitor = *visitor;
  return open;
}

std::optional<open_answer> read_opened(bytes_view payload) {
  if (payload.size() < 5) return std::nullopt;
  const auto status = std::to_integer<std::uint8_t>(payload[0]);
  if (status > static_cast<std::uint8_t>(open_status::too_many)) return std::nullopt;
  return open_answer{static_cast<open_status>(status), load_big<std::uint32_t>(payload.data() + 1)};
}

std::optional<goaway_notice> read_goaway(bytes_view payload) {
  if (payload.size() < 4) return std::nullopt;
  return goaway_notice{static_cast<goaway_code>(load_big<std::uint32_t>(payload.data())),
                       as_text(payload.subspan(4))};
}

reset_code read_reset(bytes_view payload) {
  const auto code = load_big<std::uint32_t>(payload.data());
  if (code > static_cast<std::uint32_t>(reset_code::own_connection_lost)) {
    return reset_code::cancelled;
  }
  return static_cast<reset_code>(code);
}

bool fits_open(std::string_view service, std::string_view visitor) {
  return service.size() <= 255 && visitor.size() <= 255 &&
         7 + service.size() + visitor.size() <= longest_open;
}

std::size_t write_open(const open_request& open, std::byte* to) {
  std::byte* at = to + header_size;
  *at++ = static_cast<std::byte>(open.kind);
  store_big(open.credit, at);
  at = put_text(open.service, at + 4);
  at = put_text(open.visitor, at);
  const auto size = static_cast<std::size_t>(at - to);
  store_header({open.id, frame_type::open, static_cast<std::uint32_t>(size - header_size)}, to);
  return size;
}

std::size_t write_opened(stream_id id, const open_answer& answer, std::byte* to) {
  store_header({id, frame_type::opened, 5}, to);
  to[header_size] = static_cast<std::byte>(answer.status);
  store_big(answer.credit, to + header_size + 1);
  return header_size + 5;
}

std::size_t write_reset(stream_id id, reset_code code, std::byte* to) {
  return write_amount(id, frame_type::rst, static_cast<std::uint32_t>(code), to);
}

std::size_t write_credit(stream_id id, std::uint32_t amount, std::byte* to) {
  return write_amount(id, frame_type::credit, amount, to);
}

std::size_t write_return(stream_id id, std::uint32_t amount, std::byte* to) {
  return write_amount(id, frame_type::give_back, amount, to);
}

std::size_t write_ping(std::uint64_t opaque, std::byte* to) {
  return write_opaque(frame_type::ping, opaque, to);
}

std::size_t write_pong(std::uint64_t opaque, std::byte* to) {
  return write_opaque(frame_type::pong, opaque, to);
}

std::size_t write_goaway(goaway_code code, std::string_view text, std::byte* to) {
  text = text.substr(0, longest_goaway - 4);
  store_header({0, frame_type::goaway, static_cast<std::uint32_t>(4 + text.size())}, to);
  store_big(static_cast<std::uint32_t>(code), to + header_size);
  std::copy_n(as_bytes(text).data(), text.size(), to + header_size + 4);
  return header_size + 4 + text.size();
}

std::size_t write_move(stream_id id, const uuid& one_time_id, std::byte* to) {
  store_header({id, frame_type::move, 16}, to);
  std::copy_n(one_time_id.bytes().data(), 16, to + header_size);
  return header_size + 16;
}

}  // namespace frpx::link
