// The bytes on docs/link.md are the bytes that are written and read.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/hex.hpp"
#include "link/frame.hpp"

namespace frpx::link {
namespace {

/// The page's examples: type name to bytes in hexadecimal without spaces.
std::map<std::string, std::string> examples() {
  std::ifstream page(FRPX_SOURCE_DIR "/docs/link.md");
  std::map<std::string, std::string> found;
  bool is_inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      is_inside = line == "```hex";
      continue;
    }
    if (!is_inside) continue;
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (std::string byte; words >> byte;) found[name] += byte;
  }
  return found;
}

TEST(page, every_example_is_what_is_written) {
  std::array<std::byte, longest_control> frame;
  const auto hex = [&](std::size_t size) { return to_hex(bytes_view(frame).first(size)); };
  const auto plain = [&](stream_id id, frame_type type, std::string_view payload) {
    store_header({id, type, static_cast<std::uint32_t>(payload.size())}, frame.data());
    std::ranges::copy(as_bytes(payload), frame.begin() + header_size);
    return hex(header_size + payload.size());
  };
  std::byte* const to = frame.data();
  const uuid id = *uuid::parse("00112233-4455-4677-8899-aabbccddeeff");
  const open_request open{1, stream_kind::tcp, 262'144, "web", "192.0.2.1:5000"};
  std::map<std::string, std::string> written;
  written["OPEN"] = hex(write_open(open, to));
  written["OPENED"] = hex(write_opened(1, {open_status::connected, 229'376}, to));
  written["DATA"] = plain(1, frame_type::data, "hello");
  written["FIN"] = plain(1, frame_type::fin, "");
  written["RST"] = hex(write_reset(1, reset_code::deadline, to));
  written["CREDIT"] = hex(write_credit(1, 131'072, to));
  written["RETURN"] = hex(write_return(1, 245'760, to));
  written["PING"] = hex(write_ping(0x0102'0304'0506'0708, to));
  written["PONG"] = hex(write_pong(0x0102'0304'0506'0708, to));
  written["GOAWAY"] = hex(write_goaway(goaway_code::drain, "bye", to));
  written["DATAGRAM"] = plain(2, frame_type::datagram, "ping");
  written["MOVE"] = hex(write_move(1, id, to));
  ASSERT_EQ(written.size(), 12U);
  EXPECT_EQ(examples(), written);
}

}  // namespace
}  // namespace frpx::link
