// Hooks: counts what each tunnel carries, and tells when it ends.
//
//   byte_counter ADDRESS FROM TO         as embedded_server
#include <frpx/server.hpp>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

// One for each tunnel. Hooks about its visitors run at once, hence the atomics.
struct counters {
  std::atomic<std::uint64_t> visitors{0};
  std::atomic<std::uint64_t> to_service{0};
  std::atomic<std::uint64_t> to_visitors{0};
};

static counters& of(const frpx::hook_context& about) {
  return *std::any_cast<std::shared_ptr<counters>>(about.get_value("counters"));
}

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: byte_counter ADDRESS FROM TO\n";
    return 2;
  }
  frpx::tunnel_server server({{static_cast<std::uint16_t>(std::atoi(arguments[2])),
                               static_cast<std::uint16_t>(std::atoi(arguments[3]))}});
  server.on_tunnel_created(
      [](frpx::hook_context& about) { about.put_value("counters", std::make_shared<counters>()); });
  server.on_user_coming([](frpx::hook_context& about) { ++of(about).visitors; });
  server.on_forward_user_to_tunnel(
      [](frpx::hook_context& about) { of(about).to_service += about.data().size(); });
  server.on_forward_tunnel_to_user(
      [](frpx::hook_context& about) { of(about).to_visitors += about.data().size(); });
  server.on_tunnel_destroyed([](frpx::hook_context& about) {
    const counters& sum = of(about);
    std::cout << about.service_info().name << ": " << sum.visitors << " visitors, "
              << sum.to_service << " bytes in, " << sum.to_visitors << " bytes out" << std::endl;
  });
  if (const auto started = server.start(arguments[1]); !started) {
    std::cerr << started.error().message() << '\n';
    return 1;
  }
  std::cout << "port " << server.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
}
