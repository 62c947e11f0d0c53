#include "keeper/commands.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstdio>

#include "keeper/lease_commands.hpp"
#include "keeper/public_data.hpp"
#include "keeper/setup.hpp"

namespace frpx::keeper {
namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int fail(const std::string& text) {
  std::fprintf(stderr, "frp-port-keeper: %s\n", text.c_str());
  return 1;
}

int print(const lease_outcome& said) {
  print(said.out);
  return said.code == 0 ? 0 : fail(said.err);
}

struct executor {
  const lease_commands in;

  int operator()(const config::serve&) const { return 0; }
  int operator()(const config::lease_list&) const { return print(in.list()); }
  int operator()(const config::lease_release& wish) const { return print(in.release(wish.proxy)); }

  int operator()(const config::lease_import& wish) const {
    auto read = read_public_data(wish.path, *parse_data_format(wish.format));
    if (!read) return fail(wish.path + ": " + read.error());
    std::size_t count = 0;
    const auto written = in.in_a_round([&](ports::lease_draft& draft) {
      count = enter(read->ports, draft, wall_clock::now(), read->complaints);
    });
    if (!written) return print(store_failed(written.error()));
    for (const std::string& line : read->complaints) std::fprintf(stderr, "%s\n", line.c_str());
    print(fmt::format("{} leases imported\n", count));
    return 0;
  }

  int operator()(const config::lease_export& wish) const {
    const auto rows = in.all();
    if (!rows) return print(store_failed(rows.error()));
    if (wish.format == "gokv") {
      if (wish.path.empty()) return fail("gokv is a folder: name it");
      const auto failed = write_gokv(*rows, wish.path);
      return failed ? fail(wish.path + ": " + failed.message()) : 0;
    }
    const std::string text = to_public_json(*rows) + "\n";
    if (wish.path.empty()) return print(text), 0;
    std::FILE* const out = std::fopen(wish.path.c_str(), "wb");
    if (out == nullptr) return fail(wish.path + ": cannot be written");
    const bool whole = std::fwrite(text.data(), 1, text.size(), out) == text.size();
    return std::fclose(out) == 0 && whole ? 0 : fail(wish.path + ": cannot be written");
  }
};

}  // namespace

int run_command(const config::keeper_run& run) {
  auto store = ports::open_leases(database_of(run.options), {.timeout = std::chrono::seconds(5)});
  if (!store) throw start_error(store.error().text);
  return std::visit(executor{lease_commands(**store, run.json)}, run.command);
}

}  // namespace frpx::keeper
