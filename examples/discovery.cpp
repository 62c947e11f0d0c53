// What is there at a proxylite server.
//
//   discovery SERVER [PREFIX]
#include <frpx/discovery.hpp>

#include <iostream>

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: discovery SERVER [PREFIX]\n";
    return 2;
  }
  const auto ports = frpx::ask_free_ports(arguments[1]);
  const auto services = frpx::discover_services(arguments[1], count > 2 ? arguments[2] : "");
  if (!ports || !services) {
    std::cerr << (ports ? services.error() : ports.error()).message() << '\n';
    return 1;
  }
  std::cout << ports->size() << " free ports\n";
  for (const frpx::service_info& each : *services) {
    std::cout << each.port << ' ' << each.name << ' ' << each.online << '/' << each.capacity
              << " visitors, " << each.already_serve << " so far\n";
  }
}
