#include "keeper/lease_commands.hpp"

#include <spdlog/fmt/fmt.h>

#include "core/names.hpp"
#include "keeper/operators.hpp"

namespace frpx::keeper {
namespace {

std::string line_of(const ports::lease& row) {
  const std::string used = to_rfc3339(row.used).substr(0, 19);  // whole seconds, in UTC
  return fmt::format("{:5}  {:3}  {:7}  {}Z  {}  {}\n", row.port, to_string(row.over),
                     to_string(row.state), used, row.user.empty() ? "-" : row.user, row.proxy);
}

}  // namespace

lease_outcome store_failed(const error_code& why) {
  return {1, {}, "the leases' store failed: " + why.message()};
}

result<std::vector<ports::lease>> lease_commands::all() const {
  std::vector<ports::lease> rows;
  const auto read = in_a_round([&](const ports::lease_draft& draft) {
    draft.book().each([&](const ports::lease& row) { rows.push_back(row); });
  });
  if (!read) return read.error();
  return rows;
}

lease_outcome lease_commands::list() const {
  const auto rows = all();
  if (!rows) return store_failed(rows.error());
  lease_outcome said;
  if (json_) {
    json_writer list(said.out);
    list.begin_object().key("leases").begin_array();
    for (const ports::lease& row : *rows) write_lease(list, row);
    list.end_array().end_object();
    said.out += '\n';
  } else {
    for (const ports::lease& row : *rows) said.out += line_of(row);
  }
  return said;
}

lease_outcome lease_commands::release(const std::string& proxy) const {
  std::optional<ports::lease> released;
  const auto written = in_a_round([&](ports::lease_draft& draft) {
    if (const auto* const row = draft.book().find(proxy)) {
      released = *row;
      draft.erase(proxy);
    }
  });
  if (!written) return store_failed(written.error());
  if (!released) return {1, {}, "there is no lease for " + shown(proxy)};
  lease_outcome said;
  if (json_) {
    json_writer answer(said.out);
    write_lease(answer, *released);
    said.out += '\n';
  } else {
    said.out = fmt::format("port {} of {} is free\n", released->port, released->proxy);
  }
  return said;
}

}  // namespace frpx::keeper
