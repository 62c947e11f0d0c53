#include "client/local_service.hpp"

#include <boost/asio/ip/address.hpp>

namespace frpx::client {

namespace asio = boost::asio;

local_service::local_service(net::resolver& names, std::string host, std::uint16_t port)
    : names_(names), host_(std::move(host)), port_(port) {
  error_code not_literal;
  const auto address = asio::ip::make_address(host_, not_literal);
  if (not_literal) return;
  found_ = {net::endpoint(address, port_)};
  valid_until_ = steady_time::max();
}

std::optional<std::vector<net::endpoint>> local_service::known() const {
  if (steady_clock::now() >= valid_until_) return std::nullopt;
  return found_;
}

asio::awaitable<result<std::vector<net::endpoint>>> local_service::find(
    steady_clock::duration patience) {
  if (auto addresses = known()) co_return std::move(*addresses);
  auto addresses = co_await names_.resolve(host_, port_, patience);
  if (!addresses) co_return addresses.error();
  found_ = *addresses;
  valid_until_ = steady_clock::now() + lifetime;
  co_return found_;
}

}  // namespace frpx::client
