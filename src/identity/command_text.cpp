#include "identity/command_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace frpx::identity {

namespace json = boost::json;

outcome refused(form as, const std::string& why, error_code of_store) {
  outcome out{1, {}, "frps: " + why + "\n", why, of_store};
  if (as == form::json) out.out = json::serialize(json::object{{"error", why}}) + "\n";
  return out;
}

outcome done(form as, const std::string& line, const json::value& value) {
  return {0, (as == form::json ? json::serialize(value) : line) + "\n", {}};
}

outcome failed(form as, const std::string& what, error_code why) {
  if (why == store::errc::not_found) return refused(as, "there is no " + what, why);
  if (why == store::errc::already_exists)
    return refused(as, "there is a " + what + " already", why);
  return refused(as, what + ": " + why.message(), why);
}

std::string quoted(std::string_view text) {
  return "`" + std::string(text) + "`";
}

json::value time_or_null(const std::optional<wall_time>& time) {
  return time ? json::value(to_rfc3339(*time)) : json::value(nullptr);
}

std::string time_or_dash(const std::optional<wall_time>& time) {
  return time ? to_rfc3339(*time).substr(0, 19) + "Z" : "-";
}

std::string as_table(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) out.append(widths[i] - line[i].size() + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace frpx::identity
