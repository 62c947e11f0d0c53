// The data of the public port keeper: read, and written for who goes back to it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "ports/lease_draft.hpp"

namespace frpx::keeper {

/// Which proxy has which port, as the public data says it; it does not say over which transport.
struct known_port {
  std::string proxy;
  std::uint16_t port = 0;

  bool operator==(const known_port&) const = default;
};

/// What was read, in the order of proxies' names, and a line for each record that could not be
/// used.
struct public_data {
  std::vector<known_port> ports;
  std::vector<std::string> complaints;
};

enum class data_format { json, gokv };
std::string_view to_string(data_format value);
std::optional<data_format> parse_data_format(std::string_view text);

/// `{"proxies":{name:port},"ports":{port:name}}`. Half a pair counts; where the two differ, what
/// the proxy says counts. The problem, when the text is of another form.
boost::system::result<public_data, std::string> read_public_json(std::string_view text);
/// The folder of the older version: a file `<key>.json` for each record, a proxy's
/// `{"Port":N,"CreatedAt":...}` or a port's `{"Proxy":name,"CreatedAt":...}`, whose keys are
/// escaped as in a URL's path.
boost::system::result<public_data, std::string> read_gokv(const std::filesystem::path& folder);
/// Either, from a file of at most 64 MiB or a folder of at most 200,000 files.
boost::system::result<public_data, std::string> read_public_data(const std::filesystem::path& from,
                                                                 data_format as);

/// Enters what was read as leases, but for those whose proxy or port is leased already; a line in
/// `complaints` for each of these. Returns how many were entered.
std::size_t enter(const std::vector<known_port>& ports, ports::lease_draft& into, wall_time now,
                  std::vector<std::string>& complaints);

/// Writes the same forms, from leases in the order of ports. The folder is made. Errors: those of
/// the file system.
std::string to_public_json(const std::vector<ports::lease>& leases);
error_code write_gokv(const std::vector<ports::lease>& leases, const std::filesystem::path& folder);

}  // namespace frpx::keeper
