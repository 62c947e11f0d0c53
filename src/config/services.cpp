#include "config/services.hpp"

#include <algorithm>
#include <utility>

#include "core/names.hpp"
#include "core/network.hpp"

namespace frpx::config {
namespace {

constexpr std::size_t most_services = 1024;
constexpr std::size_t most_networks = 32;
constexpr std::size_t most_metadata = 32;
constexpr std::uint32_t most_weight = 1'000;
constexpr std::uint64_t least_bandwidth = 1'024;

class service_checker {
 public:
  explicit service_checker(std::vector<std::string>& problems) : problems_(problems) {}

  void check(const service_entry& each) {
    entry_ = &each;
    if (!is_name(each.name)) {
      add("name \"" + shown(each.name) + "\" must be 1 to 128 of A-Z a-z 0-9 . _ : -");
    }
    if (each.weight > most_weight) add("weight must be at most 1000");
    if (each.bandwidth.bytes != 0 && each.bandwidth.bytes < least_bandwidth) {
      add("bandwidth must be at least 1k, or 0 for no limit");
    }
    if (each.kind == service_kind::udp && each.proxy != proxy_header::none) {
      add("proxy-protocol is for tcp and http");
    }
    check_networks("allow", each.allow);
    check_networks("deny", each.deny);
    check_metadata();
    if (is_plain_http(each)) check_plain_http();
  }

  static bool is_plain_http(const service_entry& each) {
    return each.kind == service_kind::http && each.outer_port == 0;
  }

 private:
  void add(const std::string& what) {
    problems_.push_back(entry_->where + ": service \"" + shown(entry_->name) + "\": " + what);
  }

  void check_networks(const std::string& key, const std::vector<std::string>& list) {
    if (list.size() > most_networks) add(key + " must have at most 32 networks");
    for (const std::string& text : list) {
      if (!network::parse(text)) {
        add(key + " \"" + shown(text) + "\" is not a network like 10.0.0.0/8 or 2001:db8::/32");
      }
    }
  }

  void check_metadata() {
    if (entry_->metadata.size() > most_metadata) add("metadata must have at most 32 entries");
    for (const auto& [name, value] : entry_->metadata) {
      if (!is_name(name) || !is_plain_text(value)) {
        add("metadata \"" + shown(name) + "\" must be a name and a text of at most 256 bytes");
      }
    }
  }

  // The gateway answers for them; what concerns an outer port would be ignored.
  void check_plain_http() {
    const service_entry usual;
    if (entry_->max_serve_time != usual.max_serve_time || entry_->max_serve_conn != 0 ||
        entry_->max_serve_count != 0 || entry_->bandwidth.bytes != 0 || !entry_->allow.empty() ||
        !entry_->deny.empty() || entry_->proxy != proxy_header::none || !entry_->group.empty()) {
      add("limits, bandwidth, allow, deny, group and proxy-protocol need an outer-port: without "
          "one an http service is served on the server's public port");
    }
  }

  std::vector<std::string>& problems_;
  const service_entry* entry_ = nullptr;
};

}  // namespace

void complete_names(std::vector<service_entry>& services, std::string_view client_id) {
  for (service_entry& each : services) {
    if (!std::exchange(each.is_unnamed, false)) continue;
    each.name += '-';
    each.name += client_id;
    each.name.resize(std::min(each.name.size(), longest_name));
  }
}

option_table table_of(service_entry& e) {
  constexpr auto in = group::network;
  return {
      {.name = "name",
       .in = in,
       .value = "NAME",
       .help = "What it is called, once for an account",
       .to = &e.name},
      {.name = "kind", .in = in, .value = "KIND", .help = "tcp, udp or http", .to = &e.kind},
      {.name = "local-addr",
       .in = in,
       .value = "HOST",
       .help = "Where it listens: a name or an address",
       .to = &e.local_addr},
      {.name = "local-port",
       .in = in,
       .value = "PORT",
       .help = "Its port there",
       .may_be_zero = false,
       .to = &e.local_port},
      {.name = "outer-port",
       .in = in,
       .value = "PORT",
       .help = "The server's port for its visitors; 0: one that stays the same for life",
       .detail = "An http service with 0 is served on the server's public port.",
       .to = &e.outer_port},
      {.name = "max-serve-time",
       .in = in,
       .value = "TIME",
       .help = "End it after this time; 0: never",
       .to = &e.max_serve_time},
      {.name = "max-serve-conn",
       .in = in,
       .value = "N",
       .help = "Most visitors at once; 0: no limit of its own",
       .detail = "Further ones are accepted and reset.",
       .to = &e.max_serve_conn},
      {.name = "max-serve-count",
       .in = in,
       .value = "N",
       .help = "End it after this many visitors; 0: never",
       .to = &e.max_serve_count},
      {.name = "weight",
       .in = in,
       .value = "N",
       .help = "Its share among the clients of its group",
       .may_be_zero = false,
       .to = &e.weight},
      {.name = "group",
       .in = in,
       .value = "KEY",
       .help = "Clients of one account that say the same key share the service",
       .default_text = "none",
       .to = &e.group},
      {.name = "bandwidth",
       .in = in,
       .value = "RATE",
       .help = "Bytes a second in each direction, like 500k or 10M; 0: no limit",
       .to = &e.bandwidth},
      {.name = "proxy-protocol",
       .in = in,
       .value = "FORM",
       .help = "Tell the service its visitors' addresses: none, v1 or v2",
       .to = &e.proxy},
      {.name = "message",
       .in = in,
       .value = "TEXT",
       .help = "What discovery shows beside its name",
       .default_text = "none",
       .to = &e.message},
  };
}

std::vector<std::string> validate(const std::vector<service_entry>& services) {
  std::vector<std::string> problems;
  service_checker checker(problems);
  for (const service_entry& each : services) {
    checker.check(each);
    const auto first = std::find_if(services.begin(), services.end(), [&](const auto& other) {
      return other.name == each.name ||
             (checker.is_plain_http(other) && checker.is_plain_http(each));
    });
    if (&*first == &each) continue;
    problems.push_back(each.where + ": service \"" + shown(each.name) + "\": " +
                       (first->name == each.name
                            ? "the name stands at " + first->where + " already"
                            : "an http service without an outer-port stands at " + first->where +
                                  " already; a client has one"));
  }
  if (services.size() > most_services) problems.emplace_back("there are more than 1024 services");
  return problems;
}

}  // namespace frpx::config
