#include "server/proxylite_port.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

#include "core/log.hpp"
#include "core/names.hpp"
#include "server/resources.hpp"
#include "server/server.hpp"

namespace frpx::server {
namespace {

std::vector<network> networks_of(const std::string& list) {
  std::vector<network> found;
  for (std::string_view left = list; !left.empty();) {
    const std::string_view one = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), one.size() + 1));
    const auto read = network::parse(one);
    if (!read) {
      throw start_error("--proxylite-allow: \"" + shown(one) +
                        "\" is no network; write them as in 10.0.0.0/8,192.0.2.7");
    }
    found.push_back(*read);
  }
  return found;
}

std::uint16_t number_of(const std::string& port) {
  std::uint16_t number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);  // validate has read it
  return number;
}

bool is_loopback(const std::string& address) {
  error_code unknown;
  return boost::asio::ip::make_address(address, unknown).is_loopback() && !unknown;
}

}  // namespace

proxylite_port::proxylite_port(net::worker_pool& workers, tunnel::outer_ports& tunnels,
                               tunnel::proxylite::options how)
    : dialect_(workers, tunnels, std::move(how)),
      listener_(
          workers, net::listener::placing::least_loaded,
          [this](net::worker& on, net::accepted one) { dialect_.accept(on, std::move(one)); }) {}

std::unique_ptr<proxylite_port> proxylite_port::open(const config::frps_options& options,
                                                     net::worker_pool& workers,
                                                     tunnel::outer_ports& tunnels) {
  if (options.proxylite_port.empty()) return nullptr;
  tunnel::proxylite::options how{.allow = networks_of(options.proxylite_allow),
                                 .token = options.proxylite_token,
                                 .first_frame = options.deadlines.first_frame,
                                 .most_pending = options.max_pending,
                                 .link_credit = quarter_of_memory(),
                                 .offers_links = !options.no_link};
  const bool is_guarded = !how.allow.empty() || !how.token.empty();
  const std::string address =
      is_guarded || is_loopback(options.bind) ? options.bind : std::string("127.0.0.1");
  std::unique_ptr<proxylite_port> made(new proxylite_port(workers, tunnels, std::move(how)));
  const error_code failed = made->listener_.open(address, number_of(options.proxylite_port));
  if (failed) {
    throw start_error("cannot listen on port " + options.proxylite_port + " of " + address +
                      " (--proxylite-port): " + failed.message());
  }
  log::info("Proxylite clients may come to port {} of {}{}.", made->port(), address,
            is_guarded ? ""
                       : ", from this machine; --proxylite-allow or --proxylite-token opens it to "
                         "others");
  return made;
}

}  // namespace frpx::server
