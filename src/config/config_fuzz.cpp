// Any bytes as a configuration file: problems or options, never anything else.
#include <cstddef>
#include <cstdint>

#include "config/file.hpp"

template <class Options>
static void read_as(std::string_view text) {
  using namespace frpx::config;
  Options options;
  const option_table table = table_of(options);
  origins from;
  std::vector<service_entry> services;
  if (!read_toml(text, "fuzz.toml", table, from, &services).empty()) return;
  origins again;
  std::vector<service_entry> same;
  const std::string printed = to_toml(table, services);
  if (!read_toml(printed, "printed.toml", table, again, &same).empty()) __builtin_trap();
  if (same.size() != services.size()) __builtin_trap();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_as<frpx::config::frps_options>(text);
  read_as<frpx::config::frpc_options>(text);
  return 0;
}
