#include "ports/lease.hpp"

#include "core/names.hpp"

namespace frpx::ports {

std::string_view to_string(transport value) {
  return value == transport::tcp ? "tcp" : "udp";
}

std::optional<transport> parse_transport(std::string_view text) {
  if (text == "tcp") return transport::tcp;
  if (text == "udp") return transport::udp;
  return std::nullopt;
}

bool is_valid(const lease& row) {
  const auto is_plain = [](const std::string& text) { return text.empty() || is_plain_text(text); };
  return is_plain_text(row.proxy) && row.port != 0 && is_plain(row.user) && is_plain(row.group) &&
         is_plain(row.run_id);
}

bool is_expired(const lease& row, wall_time cutoff, bool closes_are_told) {
  const bool in_use = row.state == use::open && closes_are_told;
  return !in_use && row.group.empty() && row.used < cutoff;
}

}  // namespace frpx::ports
