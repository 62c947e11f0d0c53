#include "keeper/commands.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstdio>

#include "core/names.hpp"
#include "keeper/operators.hpp"
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

std::string line_of(const ports::lease& row) {
  const std::string used = to_rfc3339(row.used).substr(0, 19);  // whole seconds, in UTC
  return fmt::format("{:5}  {:3}  {:7}  {}Z  {}\n", row.port, to_string(row.over),
                     to_string(row.state), used, row.proxy);
}

// The whole command is one change of one round, so it sees what a running keeper has written.
struct executor {
  ports::lease_store& in;
  bool json;

  // Runs `f` on a draft in one round; false when the store failed, which is told.
  template <class F>
  bool in_a_round(F f) const {
    const auto done = in.exchange([&](const ports::lease_news& news) {
      ports::lease_draft draft(std::make_shared<const ports::rules>());
      draft.learn(news);
      f(draft);
      return draft.take_changes();
    });
    if (!done) fail("the leases' store failed: " + done.error().message());
    return done.has_value();
  }
  std::optional<std::vector<ports::lease>> all() const {
    std::vector<ports::lease> rows;
    const bool read = in_a_round([&](const ports::lease_draft& draft) {
      draft.book().each([&](const ports::lease& row) { rows.push_back(row); });
    });
    return read ? std::optional(std::move(rows)) : std::nullopt;
  }

  int operator()(const config::serve&) const { return 0; }

  int operator()(const config::lease_list&) const {
    const auto rows = all();
    if (!rows) return 1;
    std::string text;
    if (json) {
      json_writer list(text);
      list.begin_object().key("leases").begin_array();
      for (const ports::lease& row : *rows) write_lease(list, row);
      list.end_array().end_object();
      text += '\n';
    } else {
      for (const ports::lease& row : *rows) text += line_of(row);
    }
    print(text);
    return 0;
  }

  int operator()(const config::lease_release& wish) const {
    std::optional<ports::lease> released;
    const bool written = in_a_round([&](ports::lease_draft& draft) {
      if (const auto* const row = draft.book().find(wish.proxy)) {
        released = *row;
        draft.erase(wish.proxy);
      }
    });
    if (!written) return 1;
    if (!released) return fail("there is no lease for " + shown(wish.proxy));
    std::string text;
    if (json) {
      json_writer answer(text);
      write_lease(answer, *released);
      text += '\n';
    } else {
      text = fmt::format("port {} of {} is free\n", released->port, released->proxy);
    }
    print(text);
    return 0;
  }

  int operator()(const config::lease_import& wish) const {
    auto read = read_public_data(wish.path, *parse_data_format(wish.format));
    if (!read) return fail(wish.path + ": " + read.error());
    std::size_t count = 0;
    const bool written = in_a_round([&](ports::lease_draft& draft) {
      count = enter(read->ports, draft, wall_clock::now(), read->complaints);
    });
    if (!written) return 1;
    for (const std::string& line : read->complaints) std::fprintf(stderr, "%s\n", line.c_str());
    print(fmt::format("{} leases imported\n", count));
    return 0;
  }

  int operator()(const config::lease_export& wish) const {
    const auto rows = all();
    if (!rows) return 1;
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
  return std::visit(executor{**store, run.json}, run.command);
}

}  // namespace frpx::keeper
