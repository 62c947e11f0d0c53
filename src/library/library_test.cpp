// The library for long, and by many threads.
#include <atomic>
#include <fstream>

#include "library/library_fixture.hpp"
#include "tests/support/open_descriptors.hpp"

namespace frpx::test {
namespace {

using namespace std::chrono_literals;

#ifdef FRPX_SANITIZED
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

std::size_t resident_bytes() {
  std::ifstream table("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  table >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(library, ten_thousand_rounds_leak_nothing) {
  start();
  tunnel_client client(address());
  const auto go = [&](int rounds) {
    for (int done = 0; done < rounds;) {
      auto entry = client.register_service(info());
      // The server hears of the last one's end a moment later.
      if (!entry && entry.error().code() == errc::port_occupied) continue;
      ASSERT_TRUE(entry) << entry.error().message();
      entry->cancel();
      ASSERT_TRUE(entry->wait(20s));
      ++done;
    }
  };
  const auto all_free = [&] { return client.available_ports()->size() == ports.size(); };
  go(500);
  ASSERT_TRUE(eventually(all_free));
  const std::size_t descriptors = open_descriptors();
  const std::size_t memory = resident_bytes();
  go(is_sanitized ? 1'000 : 10'000);
  ASSERT_TRUE(eventually(all_free));
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
  if (!is_sanitized) EXPECT_LT(resident_bytes(), memory + (4u << 20));
  EXPECT_FALSE(client.entry_by_name("echo"));
}

// What the documentation says of threads, under ThreadSanitizer too.
TEST_F(library, everything_at_once_from_many_threads) {
  server.on_user_coming([](hook_context& about) {
    about.put_value("last", about.user_remote_address());
    (void)about.get_value("last");
  });
  start();
  tunnel_client shared(address());
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (std::size_t which = 0; which < 6; ++which) {
    threads.emplace_back([&, which] {
      for (int round = 0; round < 10; ++round) {
        auto entry = shared.register_service(info(which, "n" + std::to_string(which)));
        if (!entry) continue;  // the server hears of the last one's end a moment later
        ++opened;
        say_and_hear(ports[which], "x");
        (void)shared.entry_by_port(ports[which]);
        (void)shared.active_services();
        auto copy = *entry;
        copy.cancel();
        EXPECT_TRUE(entry->wait(20s));
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 50; ++round) {
      (void)server.port();
      server.add_ports(ports[6], ports[6]);
      shared.set_logger([](log_level, std::string_view) {});
      (void)ask_free_ports(address());
    }
  });
  for (std::thread& each : threads) each.join();
  EXPECT_GT(opened, 6);
  std::thread stops([&] { server.stop(); });
  server.stop();
  stops.join();
}

}  // namespace
}  // namespace frpx::test
