#include "config/option.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <charconv>
#include <limits>
#include <numeric>

#include "core/duration.hpp"
#include "core/names.hpp"
#include "core/networks.hpp"

namespace frpx::config {
namespace {

constexpr std::size_t longest_secret = 4096;
constexpr std::size_t longest_path = 4096;

template <class T>
bool parse_number(std::string_view text, T& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

// `500`, `20k`, `10M` or `1G`; the letters mean powers of 1000.
std::optional<std::uint64_t> parse_rate(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('k')) unit = 1'000;
  if (text.ends_with('M')) unit = 1'000'000;
  if (text.ends_with('G')) unit = 1'000'000'000;
  if (unit != 1) text.remove_suffix(1);
  std::uint64_t number = 0;
  constexpr std::uint64_t most = 1'000'000'000'000;
  if (!parse_number(text, number) || number > most / unit) return std::nullopt;
  return number * unit;
}

std::string to_text(std::uint64_t rate) {
  for (const auto& [unit, letter] :
       {std::pair(1'000'000'000, "G"), {1'000'000, "M"}, {1'000, "k"}}) {
    const auto size = static_cast<std::uint64_t>(unit);
    if (rate != 0 && rate % size == 0) return std::to_string(rate / size) + letter;
  }
  return std::to_string(rate);
}

bool is_plain_path(std::string_view text) {
  return !text.empty() && text.size() <= longest_path &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
}

// Writes a text into the member; returns what the text should have been, or nothing.
struct assigner {
  std::string_view text;
  bool may_be_zero;
  std::string_view one_of;

  std::string operator()(bool* to) const {
    if (text == "true" || text == "1") return *to = true, std::string();
    if (text == "false" || text == "0") return *to = false, std::string();
    return "must be true or false";
  }
  std::string operator()(std::uint16_t* to) const {
    std::uint16_t number = 0;
    if (!parse_number(text, number) || (number == 0 && !may_be_zero)) {
      return may_be_zero ? "must be a port, a whole number from 0 (any free port) to 65535"
                         : "must be a port, a whole number from 1 to 65535";
    }
    return *to = number, std::string();
  }
  std::string operator()(std::uint32_t* to) const {
    std::uint32_t number = 0;
    if (!parse_number(text, number) || (number == 0 && !may_be_zero)) {
      return may_be_zero ? "must be a whole number from 0" : "must be a whole number from 1";
    }
    return *to = number, std::string();
  }
  std::string operator()(milliseconds* to) const {
    const auto duration = parse_duration(text);
    if (!duration) return "must be a duration like 10s, 500ms or 2m, at most 365d";
    if (duration->count() == 0 && !may_be_zero) return "must be longer than nothing";
    return *to = *duration, std::string();
  }
  std::string operator()(std::string* to) const {
    if (!one_of.empty() && !is_listed(one_of)) return "must be one of " + std::string(one_of);
    if (!is_plain_text(text)) {
      return "must be 1 to 256 bytes of UTF-8 without control characters";
    }
    return *to = text, std::string();
  }
  std::string operator()(secret* to) const {
    if (text.empty() || text.size() > longest_secret || text.find('\0') != text.npos) {
      return "must have 1 to 4096 bytes";
    }
    return *to = secret(std::string(text)), std::string();
  }
  std::string operator()(std::filesystem::path* to) const {
    if (!is_plain_path(text)) return "must be a path";
    return *to = text, std::string();
  }
  std::string operator()(port_list* to) const {
    if (text.size() > longest_path || text.find_first_not_of("0123456789-, \t") != text.npos) {
      return "must be ranges of ports like 6000-7000,10022";
    }
    return to->text = text, std::string();
  }
  std::string operator()(service_kind* to) const {
    const auto kind = parse_service_kind(text);
    if (!kind) return "must be one of tcp, udp, http";
    return *to = *kind, std::string();
  }
  std::string operator()(proxy_header* to) const {
    const auto form = parse_proxy_header(text);
    if (!form) return "must be one of none, v1, v2";
    return *to = *form, std::string();
  }
  std::string operator()(byte_rate* to) const {
    const auto rate = parse_rate(text);
    if (!rate) return "must be bytes a second like 500k or 10M, at most 1000G";
    return to->bytes = *rate, std::string();
  }
  std::string operator()(network_list* to) const {
    if (text.size() > longest_path || !networks::parse(text)) {
      return "must be up to 64 addresses or ranges like 127.0.0.1,10.0.0.0/8, with no bit set "
             "behind the prefix";
    }
    return to->text = text, std::string();
  }
  std::string operator()(log::level* to) const {
    static constexpr std::pair<std::string_view, log::level> levels[] = {
        {"trace", log::level::trace}, {"debug", log::level::debug}, {"info", log::level::info},
        {"warn", log::level::warn},   {"error", log::level::err},   {"off", log::level::off}};
    for (const auto& [name, value] : levels) {
      if (text == name) return *to = value, std::string();
    }
    return "must be one of trace, debug, info, warn, error, off";
  }
  std::string operator()(log::format* to) const {
    if (text == "text") return *to = log::format::text, std::string();
    if (text == "json") return *to = log::format::json, std::string();
    return "must be text or json";
  }

 private:
  bool is_listed(std::string_view words) const {
    constexpr std::string_view between = ", ";
    while (!words.empty()) {
      const auto word = words.substr(0, words.find(between));
      if (word == text) return true;
      words.remove_prefix(std::min(words.size(), word.size() + between.size()));
    }
    return false;
  }
};

struct shower {
  bool is_url;

  std::string operator()(const bool* from) const { return *from ? "true" : "false"; }
  std::string operator()(const std::uint16_t* from) const { return std::to_string(*from); }
  std::string operator()(const std::uint32_t* from) const { return std::to_string(*from); }
  std::string operator()(const milliseconds* from) const {
    const auto count = from->count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
  }
  std::string operator()(const std::string* from) const { return *from; }
  std::string operator()(const secret* from) const {
    if (from->empty()) return {};
    return is_url ? masked_url(from->reveal()) : "***";
  }
  std::string operator()(const std::filesystem::path* from) const { return from->string(); }
  std::string operator()(const port_list* from) const { return from->text; }
  std::string operator()(const service_kind* from) const { return std::string(to_string(*from)); }
  std::string operator()(const proxy_header* from) const { return std::string(to_string(*from)); }
  std::string operator()(const byte_rate* from) const { return to_text(from->bytes); }
  std::string operator()(const network_list* from) const { return from->text; }
  std::string operator()(const log::level* from) const {
    return *from == log::level::err    ? "error"
           : *from == log::level::warn ? "warn"
                                       : std::string(spdlog::level::to_string_view(*from).data());
  }
  std::string operator()(const log::format* from) const {
    return *from == log::format::json ? "json" : "text";
  }
};

// Levenshtein's distance.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string_view title(group g) {
  switch (g) {
    case group::network:
      return "Network";
    case group::balancing:
      return "Balancing";
    case group::database:
      return "Database & Caching";
    case group::security:
      return "Security";
    case group::monitoring:
      return "Monitoring";
    case group::general:
      break;
  }
  return "General";
}

void add_common(option_table& table, common_requests& requests) {
  table.push_back({.name = "config",
                   .in = group::general,
                   .value = "FILE.toml",
                   .help = "Read options from this file too",
                   .default_text = "none",
                   .in_file = false,
                   .to = &requests.config});
  table.push_back({.name = "print-config",
                   .in = group::general,
                   .help = "Print what all sources add up to, without secrets, and end",
                   .in_file = false,
                   .to = &requests.print_config});
}

std::string assign(const option& row, std::string_view text) {
  std::string wrong = std::visit(assigner{text, row.may_be_zero, row.one_of}, row.to);
  if (wrong.empty()) return {};
  const bool hidden = std::holds_alternative<secret*>(row.to);
  return std::string(row.name) + (hidden ? "" : " \"" + shown(text) + "\"") + " " + wrong;
}

std::string show(const option& row) {
  return std::visit(shower{row.value == "URL"}, row.to);
}

std::string variable_of(const option& row) {
  std::string name = "FRPX_";
  for (const char c : row.name) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

const option* find(const option_table& table, std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(),
                                [&](const option& candidate) { return candidate.name == name; });
  return row == table.end() ? nullptr : &*row;
}

std::string suggest(const option_table& table, std::string_view name) {
  name = name.substr(0, 64);  // longer than any option; bounds the work on hostile input
  std::size_t nearest = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::string_view best;
  for (const option& row : table) {
    if (const std::size_t d = distance(name, row.name); d < nearest) {
      nearest = d;
      best = row.name;
    }
  }
  return best.empty() ? std::string() : "; did you mean \"" + std::string(best) + "\"?";
}

std::string masked_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (!parsed) return "***";
  boost::urls::url masked = *parsed;
  const bool has_password = masked.has_password();
  if (has_password) masked.remove_password();
  std::string out(masked.buffer().data(), masked.buffer().size());
  // libpq reads any of its parameters from the query, the password among them.
  if (const auto query = out.find('?'); query != out.npos) out.replace(query + 1, out.npos, "***");
  if (has_password) out.insert(out.find('@'), ":***");
  return out;
}

}  // namespace frpx::config
