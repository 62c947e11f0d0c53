// One option, described once: help, file, environment, docs and --print-config all come from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.hpp"

namespace frpx::config {

/// The headings of `--help`, in this order.
enum class group { network, balancing, database, security, monitoring, general };
std::string_view title(group g);

/// The member that holds an option's value.
using target = std::variant<bool*, std::uint16_t*, std::uint32_t*, milliseconds*, std::string*,
                            secret*, std::filesystem::path*, log::level*, log::format*, port_list*,
                            network_list*, service_kind*, proxy_header*, byte_rate*>;

/// A row of a program's table, bound to one options struct, which must outlive it.
struct option {
  std::string_view name;      ///< As after `--`, and as the key in the file.
  std::string_view letter{};  ///< `c` for `-c`; mostly empty.
  group in;
  std::string_view value{};         ///< What stands for the value in the help; empty for a switch.
  std::string_view help;            ///< One line.
  std::string_view detail{};        ///< What the documentation adds to it.
  std::string_view default_text{};  ///< Said instead of the initial value, when that is worked out.
  std::string_view also{};          ///< A second environment variable, weaker than `FRPX_...`.
  bool in_file = true;              ///< May stand in the configuration file.
  bool may_be_zero = true;          ///< For numbers and durations.
  std::string_view one_of{};        ///< For a text: the words that it may be, as `a, b, c`.
  target to;
};

using option_table = std::vector<option>;

option_table table_of(frps_options& options);
option_table table_of(frpc_options& options);
option_table table_of(keeper_options& options);

/// What every program can be told besides its own options.
struct common_requests {
  std::filesystem::path config;
  bool print_config = false;
};
void add_common(option_table& table, common_requests& requests);

/// Sets the option from text. Returns an empty text, or what is wrong with it and what would be
/// right; a secret's text does not appear in it.
std::string assign(const option& row, std::string_view text);

/// The present value as text, `***` for a secret, a URL with `***` for its password. Empty: not
/// set.
std::string show(const option& row);

/// The environment variable `FRPX_...` of an option.
std::string variable_of(const option& row);

/// The row of that name, or null.
const option* find(const option_table& table, std::string_view name);

/// `; did you mean "..."?` with the nearest name, or nothing when none is near.
std::string suggest(const option_table& table, std::string_view name);

/// A URL with `***` instead of its password.
std::string masked_url(std::string_view url);

}  // namespace frpx::config
