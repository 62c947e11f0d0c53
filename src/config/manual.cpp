#include "config/manual.hpp"

#include "config/option.hpp"

namespace frpx::config {
namespace {

std::string describe(const option& row) {
  const std::string name(row.name);
  std::string out =
      "#### `--" + name + (row.value.empty() ? "" : " " + std::string(row.value)) + "`\n\n";
  out += std::string(row.help) + ".";
  if (!row.detail.empty()) out += " " + std::string(row.detail);
  const std::string standard(row.default_text.empty() ? show(row) : row.default_text);
  const bool is_literal = row.default_text.empty() && !row.value.empty();
  out += "\n\n";
  if (!row.value.empty()) {
    out += "Default: " + (is_literal ? "`" + standard + "`" : standard) + ". ";
  }
  if (!row.letter.empty()) out += "Short: `-" + std::string(row.letter) + "`. ";
  out += "Environment: `" + variable_of(row) + "`";
  if (!row.also.empty()) out += ", `" + std::string(row.also) + "`";
  return out + (row.in_file ? ".\n\n" : ". Not in the file.\n\n");
}

std::string describe(std::string_view program, const option_table& table) {
  std::string out = "## " + std::string(program) + "\n\n";
  for (const group g : {group::network, group::balancing, group::database, group::security,
                        group::monitoring, group::general}) {
    std::string rows;
    for (const option& row : table) rows += row.in == g ? describe(row) : std::string();
    if (!rows.empty()) out += "### " + std::string(title(g)) + "\n\n" + rows;
  }
  return out;
}

constexpr const char* introduction =
    "# Options\n"
    "\n"
    "Made from the programs' own tables (`src/config/`), as `--help` is; a test compares.\n"
    "\n"
    "An option is given on the command line as `--name value`, in the environment as\n"
    "`FRPX_NAME=value`, in the file of `--config` as `name = value`. The command line wins over "
    "the\n"
    "environment, that over the file, that over the default. `--print-config` shows the result\n"
    "without its secrets. A time has a unit (`ms`, `s`, `m`, `h`, `d`) or is in seconds.\n"
    "\n"
    "Everything wrong is told at once, with the place where it was said, and exit code 2. An "
    "unknown\n"
    "key in the file is an error.\n"
    "\n";

}  // namespace

std::string options_page() {
  frps_options server;
  frpc_options client;
  common_requests requests;
  keeper_options keeper;
  option_table server_table = table_of(server);
  option_table client_table = table_of(client);
  option_table keeper_table = table_of(keeper);
  for (option_table* table : {&server_table, &client_table, &keeper_table}) {
    add_common(*table, requests);
  }
  std::string page = introduction + describe("frps", server_table) +
                     describe("frpc", client_table) + describe("frp-port-keeper", keeper_table);
  page.pop_back();  // the last of the two line ends
  return page;
}

}  // namespace frpx::config
