#include "client/local_service.hpp"

#include <boost/asio/ip/address.hpp>

namespace frpx::client {

namespace asio = boost::asio;

local_service::local_service(net::resolver& names, std::string host, std::uint16_t port)
    : names_(names) {
  move_to(std::move(host), port);
}

void local_service::move_to(std::string host, std::uint16_t port) {
  host_ = std::move(host);
  port_ = port;
  valid_until_ = {};
  error_code not_literal;
  const auto address = asio::ip::make_address(host_, not_literal);
  if (not_literal) return;
  found_ = {net::endpoint(address, port_)};
  valid_until_ = steady_time::max();
}

bool local_service::forget() {
  if (valid_until_ == steady_time::max()) return false;
  const steady_time now = steady_clock::now();
  if (now < forgotten_at_ + between_looks) return false;
  forgotten_at_ = now;
  valid_until_ = {};
  return true;
}

std::optional<std::vector<net::endpoint>> local_service::known() const {
  if (steady_clock::now() >= valid_until_) return std::nullopt;
  return found_;
}

asio::awaitable<result<std::vector<net::endpoint>>> local_service::find(
    steady_clock::duration patience) {
  if (auto addresses = known()) co_return std::move(*addresses);
  const std::string host = host_;
  const std::uint16_t port = port_;
  auto addresses = co_await names_.resolve(host, port, patience);
  if (addresses && host == host_ && port == port_) {  // else it has moved meanwhile
    found_ = *addresses;
    valid_until_ = steady_clock::now() + lifetime;
  }
  co_return addresses;
}

std::string local_service::authority() const {
  const bool brackets = host_.find(':') != std::string::npos;  // an address of IPv6
  return (brackets ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

}  // namespace frpx::client
