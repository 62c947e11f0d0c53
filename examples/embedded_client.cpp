// Makes a service of this machine reachable through a proxylite server.
//
//   embedded_client SERVER INNER NAME    for example: embedded_client :9933 :22 ssh
//
// It takes any port that the server has, until standard input or the tunnel ends.
#include <frpx/client.hpp>

#include <iostream>
#include <string>

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: embedded_client SERVER INNER NAME\n";
    return 2;
  }
  frpx::client_options options;
  options.reconnect = true;
  frpx::tunnel_client client(arguments[1], options);

  const auto port = client.any_port();
  if (!port) {
    std::cerr << "no port: " << port.error().message() << '\n';
    return 1;
  }
  auto entry = client.register_service({.outer_port = *port,
                                        .inner_addr = arguments[2],
                                        .name = arguments[3],
                                        .message = "from an example"},
                                       {.max_serve_conn = 100});
  if (!entry) {
    std::cerr << "no tunnel: " << entry.error().message() << '\n';
    return 1;
  }
  std::cout << "port " << *port << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  entry->cancel();
  std::cout << entry->done().get().message() << std::endl;
}
