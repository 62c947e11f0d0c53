#include "config/validate.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "config/option.hpp"
#include "core/names.hpp"
#include "core/result.hpp"

namespace frpx::config {
namespace {

constexpr std::uint32_t most_workers = 64;  // of a net::worker_pool
constexpr std::uint32_t most_fields = 250;  // with ours, what is in an http::field_table
constexpr std::uint32_t most_h2_streams = 4096;
constexpr std::uint32_t most_link_streams = 1024;  // what the floors of a link's bound allow
constexpr std::uint32_t least_head = 1024;
constexpr std::uint32_t most_head = 128 * 1024;  // fits, as an answer's, into a worker's scratch
constexpr const char* no_home = "there is no home folder to put it in; pass --data-dir";

// Collects problems, each opened by the place where the option was said.
class problem_list {
 public:
  explicit problem_list(const origins& from) : from_(from) {}
  void add(std::string_view option, const std::string& what) {
    const auto said = from_.find(option);
    lines.push_back((said == from_.end()              ? "--" + std::string(option) + " (default)"
                     : said->second.starts_with("--") ? said->second
                                                      : said->second + ": " + std::string(option)) +
                    ": " + what);
  }
  bool was_said(std::string_view option) const { return from_.contains(option); }
  std::vector<std::string> lines;

 private:
  const origins& from_;
};

std::string joined(const std::vector<std::string_view>& words) {
  std::string out;
  for (const auto word : words) (out += out.empty() ? "" : ", ") += word;
  return out;
}

void check_url(problem_list& problems, std::string_view option, const secret& given,
               const std::vector<std::string_view>& schemes) {
  if (given.empty()) return;
  const auto url = boost::urls::parse_uri(given.reveal());
  if (!url) {
    problems.add(option,
                 "is not a URL; write scheme://user:password@host:port/name, with special "
                 "characters as %xx");
    return;
  }
  const std::string scheme(url->scheme().data(), url->scheme().size());
  if (std::find(schemes.begin(), schemes.end(), scheme) != schemes.end()) return;
  problems.add(
      option, "\"" + shown(scheme) + "\" is not built into this program; " +
                  (schemes.empty() ? "leave the option out" : "what is there: " + joined(schemes)));
}

// The address, or a problem.
std::optional<boost::asio::ip::address> check_address(problem_list& problems,
                                                      std::string_view option,
                                                      const std::string& given) {
  error_code error;
  auto address = boost::asio::ip::make_address(given, error);
  if (!error) return address;
  problems.add(option, "\"" + shown(given) +
                           "\" is not an IP address; pass one like 127.0.0.1, "
                           "0.0.0.0 or ::");
  return std::nullopt;
}

void check_path(problem_list& problems, std::string_view option, const std::string& given) {
  if (given.starts_with('/') && given.find_first_of(" ?#%{}") == given.npos) return;
  problems.add(option, "must be the path of a URL, like /port-registrations");
}

void check_ports(problem_list& problems, const frps_options& o) {
  const std::pair<std::string_view, std::uint16_t> ports[] = {{"control-port", o.control_port},
                                                              {"proxy-port", o.proxy_port},
                                                              {"public-port", o.public_port},
                                                              {"api-port", o.api_port}};
  for (auto one = std::begin(ports); one != std::end(ports); ++one) {
    const auto same = std::find_if(std::begin(ports), one,
                                   [&](const auto& other) { return other.second == one->second; });
    if (one->second != 0 && same != one) {
      problems.add(one->first, std::to_string(one->second) + " is the same as --" +
                                   std::string(same->first) + "; give each its own port");
    }
  }
}

void check_proxylite(problem_list& problems, const frps_options& o) {
  const std::string& given = o.proxylite_port;
  std::uint16_t number = 0;
  const auto [end, failed] = std::from_chars(given.data(), given.data() + given.size(), number);
  if (!given.empty() && (failed != std::errc() || end != given.data() + given.size())) {
    problems.add("proxylite-port", "\"" + shown(given) + "\" is not a port; pass 0 to 65535");
  }
  if (!given.empty() && o.outer_ports.text.empty()) {
    problems.add("proxylite-port", "which ports may its clients have? Pass --outer-ports too");
  }
  if (given.empty() && (!o.proxylite_allow.empty() || !o.proxylite_token.empty())) {
    problems.add(o.proxylite_token.empty() ? "proxylite-allow" : "proxylite-token",
                 "guards nothing without --proxylite-port");
  }
}

void check_addresses(problem_list& problems, const frps_options& o) {
  const auto bind = check_address(problems, "bind", o.bind);
  const auto api = check_address(problems, "api-bind", o.api_bind);
  if (o.demo) {
    if (bind && !bind->is_loopback() && problems.was_said("bind")) {
      problems.add("bind",
                   "--demo listens on loopback only, for its keys are known to everybody; "
                   "leave one of the two out");
    }
    if (api && !api->is_loopback()) {
      problems.add("api-bind", "--demo listens on loopback only; leave one of the two out");
    }
  }
}

// As browsers write it (RFC 6454, 6.2): a scheme, a host, maybe a port, and nothing behind.
void check_origin(problem_list& problems, std::string_view option, const std::string& given) {
  if (given.empty()) return;
  const auto url = boost::urls::parse_uri(given);
  const bool is_web = url && (url->scheme() == "http" || url->scheme() == "https");
  if (is_web && !url->host().empty() && !url->has_userinfo() &&
      given == std::string(url->scheme()) + "://" + std::string(url->encoded_host_and_port())) {
    return;
  }
  problems.add(option,
               "\"" + shown(given) + "\" is not an origin; pass one like https://ops.example");
}

void check_http(problem_list& problems, const frps_options& o) {
  if (o.max_head < least_head || o.max_head > most_head) {
    problems.add("max-head", "must be 1024 to 131072");
  }
  if (o.max_fields > most_fields) problems.add("max-fields", "must be at most 250; pass fewer");
  if (o.model_body_memory != 0 && o.model_body_memory / 2 < o.max_model_body) {
    problems.add("model-body-memory",
                 "must be at least twice --max-model-body: a body that is read may take that much");
  }
  if (o.h2_streams > most_h2_streams) problems.add("h2-streams", "must be at most 4096");
}

void check_tries(problem_list& problems, const frps_deadlines& o) {
  const auto check = [&](std::string_view option, milliseconds one) {
    if (one <= o.stream_total) return;
    problems.add(option,
                 "is longer than --stream-total-timeout, so that no second client "
                 "would be tried; shorten it or lengthen the other");
  };
  check("stream-timeout", o.stream);
  // Who shortens the total alone need not know of this one's default.
  if (problems.was_said("confirmation-timeout")) check("confirmation-timeout", o.confirmation);
}

// The rooms gateway and balance read these; here only what their texts look like.
void check_balancing(problem_list& problems, const frps_options& o) {
  const std::string_view by = o.sticky;
  const auto colon = by.find(':');
  const bool names_one = by.starts_with("header:") || by.starts_with("cookie:");
  if (!by.empty() && by != "key" && by != "prompt" &&
      !(names_one && is_name(by.substr(colon + 1)))) {
    problems.add("sticky", "must be header:NAME, cookie:NAME, key or prompt");
  }
  if (!by.empty() && o.policy != "sticky" && problems.was_said("policy")) {
    problems.add("sticky", "is for --policy sticky; leave one of the two out");
  }
  for (std::string_view rest = o.retry; !rest.empty() && o.retry != "none";) {
    const auto path = rest.substr(0, rest.find(','));
    check_path(problems, "retry", std::string(path));
    rest.remove_prefix(std::min(rest.size(), path.size() + 1));
  }
}

}  // namespace

std::vector<std::string> validate(const frps_options& o, const origins& from,
                                  const backends& built_in) {
  problem_list problems(from);
  check_ports(problems, o);
  check_addresses(problems, o);
  check_proxylite(problems, o);
  check_balancing(problems, o);
  if (!o.demo) {
    check_url(problems, "database-url", o.database_url, built_in.databases);
    check_url(problems, "redis-url", o.redis_url, built_in.caches);
  }
  check_origin(problems, "api-cors", o.api_cors);
  if (!o.keeper_path.empty()) check_path(problems, "keeper-path", o.keeper_path);
  check_http(problems, o);
  if (o.workers > most_workers) problems.add("workers", "must be at most 64; pass fewer");
  check_tries(problems, o.deadlines);
  if (o.data_dir.empty() && !o.demo) problems.add("data-dir", no_home);
  return std::move(problems.lines);
}

std::vector<std::string> validate_api(const frps_options& o, const origins& from) {
  problem_list problems(from);
  check_address(problems, "api-bind", o.api_bind);
  if (o.api_port == 0) {
    problems.add("api-port", "which one? Pass the running server's, see its log or --ready-file");
  }
  return std::move(problems.lines);
}

std::vector<std::string> validate(const frpc_options& o, const origins& from) {
  problem_list problems(from);
  if (o.control_port == o.proxy_port) {
    problems.add("proxy-port", std::to_string(o.proxy_port) +
                                   " is the same as --control-port; they are two ports of the "
                                   "server, see its --control-port and --proxy-port");
  }
  if (!o.client_id.empty() && !is_name(o.client_id)) {
    problems.add("client-id", "\"" + shown(o.client_id) +
                                  "\" is not a client id; use 1 to 128 of A-Z a-z 0-9 . _ : -");
  }
  if (o.weight > 100) problems.add("weight", "must be from 1 to 100");
  if (o.link_streams > most_link_streams) problems.add("link-streams", "must be at most 1024");
  if (!o.health_path.empty() &&
      (!o.health_path.starts_with('/') || o.health_path.find_first_of(" #") != std::string::npos)) {
    problems.add("health-path", "must be the path of a URL, like /health");
  }
  if (!o.password.empty() && o.email.empty()) {
    problems.add("password", "whose password? Pass --email too");
  }
  if (o.data_dir.empty()) problems.add("data-dir", no_home);
  return std::move(problems.lines);
}

std::optional<listen_place> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  std::string_view address = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
  const std::string_view number = colon == text.npos ? text : text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != address.npos) {
    return std::nullopt;
  }
  listen_place place;
  const auto [end, failed] =
      std::from_chars(number.data(), number.data() + number.size(), place.port);
  error_code unknown;
  const auto parsed = boost::asio::ip::make_address(address, unknown);
  if (unknown || failed != std::errc() || end != number.data() + number.size()) return std::nullopt;
  place.address = address;
  place.is_loopback = parsed.is_loopback();
  return place;
}

std::vector<std::string> validate(const keeper_options& o, const origins& from,
                                  const backends& built_in) {
  problem_list problems(from);
  const auto place = parse_listen(o.listen);
  if (!place) {
    problems.add("listen", "\"" + shown(o.listen) +
                               "\" is not ADDRESS:PORT; pass one like 127.0.0.1:8080 or [::]:8080");
  } else if (!place->is_loopback && o.api_token.empty()) {
    problems.add("listen", "\"" + o.listen +
                               "\" would open the leases to everybody; pass --api-token too, or "
                               "an address of loopback");
  }
  check_path(problems, "path", o.path);
  check_url(problems, "database-url", o.database_url, built_in.databases);
  if (o.data_dir.empty()) problems.add("data-dir", no_home);
  return std::move(problems.lines);
}

}  // namespace frpx::config
