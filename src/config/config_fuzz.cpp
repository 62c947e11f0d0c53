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
  if (read_toml(text, "fuzz.toml", table, from).empty()) {
    origins again;
    if (!read_toml(to_toml(table), "printed.toml", table, again).empty()) __builtin_trap();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_as<frpx::config::frps_options>(text);
  read_as<frpx::config::frpc_options>(text);
  return 0;
}
