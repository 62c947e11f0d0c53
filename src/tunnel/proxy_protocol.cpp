#include "tunnel/proxy_protocol.hpp"

#include "core/bytes.hpp"
#include "core/network.hpp"

namespace frpx::tunnel {

namespace ip = boost::asio::ip;

namespace {

std::string text_header(const ip::address& from, const ip::address& to, std::uint16_t from_port,
                        std::uint16_t to_port) {
  return std::string(from.is_v4() ? "PROXY TCP4 " : "PROXY TCP6 ") + from.to_string() + " " +
         to.to_string() + " " + std::to_string(from_port) + " " + std::to_string(to_port) + "\r\n";
}

void append_address(std::string& to, const ip::address& what) {
  const auto append = [&](const auto& bytes) {
    to.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  what.is_v4() ? append(what.to_v4().to_bytes()) : append(what.to_v6().to_bytes());
}

void append_number(std::string& to, std::uint16_t what) {
  to += static_cast<char>(what >> 8);
  to += static_cast<char>(what & 0xff);
}

std::string binary_header(const ip::address& from, const ip::address& to, std::uint16_t from_port,
                          std::uint16_t to_port) {
  constexpr char version_and_command = 0x21;  // version 2, PROXY
  constexpr char tcp_over_v4 = 0x11;
  constexpr char tcp_over_v6 = 0x21;
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += version_and_command;
  header += from.is_v4() ? tcp_over_v4 : tcp_over_v6;
  append_number(header, from.is_v4() ? 12 : 36);  // the length of what follows
  append_address(header, from);
  append_address(header, to);
  append_number(header, from_port);
  append_number(header, to_port);
  return header;
}

}  // namespace

std::string make_proxy_header(proxy_header form, const net::endpoint& visitor,
                              const net::endpoint& outer) {
  const ip::address from = unmapped(visitor.address());
  const ip::address to = unmapped(outer.address());
  switch (form) {
    case proxy_header::v1:
      return text_header(from, to, visitor.port(), outer.port());
    case proxy_header::v2:
      return binary_header(from, to, visitor.port(), outer.port());
    case proxy_header::none:
      break;
  }
  return {};
}

}  // namespace frpx::tunnel
