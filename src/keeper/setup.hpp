// From options to leases.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "config/options.hpp"
#include "ports/leases.hpp"

namespace frpx::keeper {

/// The keeper could not start; `what()` says what, where and what to do.
class start_error : public std::runtime_error {
 public:
  explicit start_error(const std::string& what, int exit_code = 1)
      : std::runtime_error(what), exit_code_(exit_code) {}
  /// What the program ends with: 1, or config::exit_usage when the configuration is wrong.
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

/// The ranges that the options name, else those of the frps configuration, else every port that
/// needs no privilege. Logs which. Throws start_error for a bad range, with its place.
ports::ranges choose_ranges(const config::keeper_options& options);
/// `text`, or every port if it is empty. Throws start_error that names `option`.
ports::ranges ranges_from(const config::port_list& text, const char* option);

/// The URL of the database that the options mean; makes the data folder if it is to lie there.
/// Throws start_error.
std::string database_of(const config::keeper_options& options);

/// Opens the leases, says what is kept outside of the ranges, and reads the public keeper's data if
/// there are no leases yet. Blocks. Throws start_error.
std::unique_ptr<ports::leases> open_leases(const std::string& url, ports::lease_options with);
void import_public_data(const config::keeper_options& options, ports::leases& into);

ports::lease_options lease_options_of(const config::keeper_options& options);

}  // namespace frpx::keeper
