// A proxylite server inside a program.
//
//   embedded_server ADDRESS FROM TO      for example: embedded_server 127.0.0.1:9933 9940 9949
//
// It gives the ports FROM to TO until its standard input ends.
#include <frpx/server.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: embedded_server ADDRESS FROM TO\n";
    return 2;
  }
  frpx::tunnel_server server;
  server.set_logger([](frpx::log_level, std::string_view line) { std::cerr << line << '\n'; });
  server.on_tunnel_created([](frpx::hook_context& about) {
    std::cout << "open: " << about.service_info().name << std::endl;
  });
  server.on_tunnel_destroyed([](frpx::hook_context& about) {
    std::cout << "closed: " << about.service_info().name << std::endl;
  });

  const auto from = static_cast<std::uint16_t>(std::atoi(arguments[2]));
  const auto to = static_cast<std::uint16_t>(std::atoi(arguments[3]));
  if (!server.add_ports(from, to)) {
    std::cerr << "these are no ports\n";
    return 2;
  }
  if (const auto started = server.start(arguments[1]); !started) {
    std::cerr << started.error().message() << '\n';
    return 1;
  }
  std::cout << "port " << server.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
}
