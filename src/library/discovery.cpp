#include <frpx/discovery.hpp>

#include <frpx/client.hpp>

namespace frpx {

result<std::vector<std::uint16_t>> ask_free_ports(const std::string& address,
                                                  std::chrono::milliseconds timeout) {
  return tunnel_client(address).available_ports(timeout);
}

result<std::vector<service_info>> discover_services(const std::string& address,
                                                    std::string_view prefix,
                                                    std::chrono::milliseconds timeout) {
  return tunnel_client(address).active_services(prefix, timeout);
}

}  // namespace frpx
