#include "client/proxylite/ask.hpp"

#include <algorithm>

#include "client/dial.hpp"
#include "client/errc.hpp"
#include "link/errc.hpp"

namespace frpx::client::proxylite {

namespace asio = boost::asio;
namespace pl = wire::proxylite;

using link::proxylite::conversation;

namespace {

steady_clock::duration left_until(steady_time until) {
  return std::max(until - steady_clock::now(), steady_clock::duration::zero());
}

template <class Answer>
asio::awaitable<result<Answer>> ask(way to, pl::message question, steady_time until) {
  auto with = co_await connect(to, pl::longest_answer, until);
  if (!with) co_return with.error();
  if (const auto failed = co_await (*with)->send(pl::encode(question), left_until(until))) {
    co_return failed;
  }
  auto answer = co_await (*with)->receive(left_until(until));
  if (!answer) co_return answer.error();
  if (auto* expected = std::get_if<Answer>(&*answer)) co_return std::move(*expected);
  const auto* const refused = std::get_if<pl::registered>(&*answer);
  constexpr auto not_allowed = static_cast<std::int32_t>(pl::register_code::not_allowed);
  co_return make_error_code(refused != nullptr && refused->code == not_allowed ? errc::token_needed
                                                                               : errc::no_answer);
}

}  // namespace

asio::awaitable<result<std::unique_ptr<conversation>>> connect(way to, std::size_t limit,
                                                               steady_time until) {
  auto addresses = co_await to.names.resolve(to.server.host, to.server.port, left_until(until));
  if (!addresses) co_return addresses.error();
  net::wakeup bell(to.on.events());
  dial connecting(to.on, bell);
  connecting.start(std::move(*addresses), left_until(until));
  while (connecting.step() == dial::state::connecting) co_await bell.wait();
  if (connecting.step() == dial::state::failed) co_return connecting.error();
  co_return std::make_unique<conversation>(to.on, connecting.take(), limit);
}

asio::awaitable<result<std::vector<std::uint32_t>>> ask_free_ports(way to, secret token,
                                                                   steady_time until) {
  auto answer = co_await ask<pl::free_ports>(to, pl::ask_free_ports{std::move(token)}, until);
  if (!answer) co_return answer.error();
  co_return std::move(answer->ports);
}

asio::awaitable<result<std::vector<pl::service_info>>> ask_services(way to, std::string prefix,
                                                                    secret token,
                                                                    steady_time until) {
  auto answer =
      co_await ask<pl::services>(to, pl::ask_services{std::move(prefix), std::move(token)}, until);
  if (!answer) co_return answer.error();
  co_return std::move(answer->list);
}

}  // namespace frpx::client::proxylite
