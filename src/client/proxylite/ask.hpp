// Asking a proxylite server.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>

#include "link/proxylite/conversation.hpp"
#include "net/resolver.hpp"
#include "net/worker.hpp"
#include "wire/proxylite/address.hpp"

namespace frpx::client::proxylite {

/// What a coroutine on worker `on` needs to reach a server; everything outlives the coroutine.
struct way {
  net::worker& on;
  net::resolver& names;
  const wire::proxylite::address& server;
};

/// Looks the server up and connects, both until `until`. `limit`: the longest answer that will be
/// taken. Errors: those of net::resolver, net::errc::late, the system's.
boost::asio::awaitable<result<std::unique_ptr<link::proxylite::conversation>>> connect(
    way to, std::size_t limit, steady_time until);

/// Asks one question on a connection of its own, until `until`. Besides the errors above: those of
/// `conversation`, errc::token_needed, errc::no_answer when what came is none to the question.
boost::asio::awaitable<result<std::vector<std::uint32_t>>> ask_free_ports(way to, secret token,
                                                                          steady_time until);
boost::asio::awaitable<result<std::vector<wire::proxylite::service_info>>> ask_services(
    way to, std::string prefix, secret token, steady_time until);

}  // namespace frpx::client::proxylite
