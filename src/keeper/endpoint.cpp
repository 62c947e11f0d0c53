#include "keeper/endpoint.hpp"

#include "core/log.hpp"
#include "core/names.hpp"
#include "http/uri.hpp"
#include "net/error.hpp"

namespace frpx::keeper {

namespace asio = boost::asio;

using http::response;

namespace {

constexpr std::string_view new_proxy_op = "NewProxy";
// The only one that its reader can do something about, so it says what.
constexpr std::string_view too_many =
    "TOO_MANY_PORTS_OF_THIS_USER: have the operator release one (lease release), or raise "
    "--max-leases";
constexpr std::string_view store_failed = "PORT_KEEPER_STORE_FAILED";
constexpr const char* not_json = "the body is not JSON with one content";
constexpr const char* improper = "the content lacks a proper user, proxy_name or proxy_type";
constexpr const char* no_user = "set user in frpc, or pass --allow-no-user";

response json(int status, std::string body) {
  response answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

response changed(const registration& proxy, std::uint16_t port) {
  std::string body = R"({"unchange":false,"content":)";
  body += with_remote_port(proxy, port);
  body += '}';
  return json(200, std::move(body));
}

// The reason is shown to frpc's user.
std::string_view reason_for(error_code why) {
  if (why == ports::errc::no_free_port) return "NO_MORE_FREE_PORTS_LEFT";
  if (why == ports::errc::too_many_leases) return too_many;
  if (why == ports::errc::wish_not_met) return "REMOTE_PORT_NOT_AVAILABLE";
  return store_failed;
}

// frps never sends an Origin; a web page in a browser on this machine always does.
bool is_from_a_web_page(const http::request& asked) {
  return asked.head->fields.find("Origin") != nullptr;
}

}  // namespace

asio::awaitable<response> endpoint::serve(const http::request& asked) {
  if (is_from_a_web_page(asked)) return http::ready(http::refusal(403));
  const auto query_op = http::query_value(asked.head->query, "op");
  if (!query_op) return http::ready(invalid("the query has a broken percent-encoding"));
  const auto body = read_plugin_request(asked.body);
  std::string op = query_op->value_or("");
  if (op.empty() && body) op = body->op;
  if (body && !body->op.empty() && body->op != op) {
    return http::ready(invalid("the query's op differs from the body's"));
  }
  if (!op.empty() && op != new_proxy_op) {
    return http::ready(other(op, body ? body->content : std::string_view()));
  }
  if (!body || op.empty()) return http::ready(invalid(body ? "there is no op" : not_json));
  return new_proxy(body->content);
}

asio::awaitable<response> endpoint::new_proxy(std::string_view content) {
  bool lacks_user = false;
  auto proxy = read_new_proxy(content, allow_no_user_, &lacks_user);
  if (!proxy && lacks_user) return http::ready(invalid(no_user, userless_log_));
  if (!proxy) return http::ready(invalid(improper));
  if (!proxy->has_port) return http::ready(unchanged());
  if (const auto port = leases_.known(proxy->asked)) {
    ++counts_.known;
    return http::ready(changed(*proxy, *port));
  }
  return give(std::move(*proxy));
}

asio::awaitable<response> endpoint::give(registration proxy) {
  const auto lease = co_await leases_.take(proxy.asked);
  if (!lease) co_return rejected(lease.error());
  ++counts_.given;
  log::info("{} has port {} ({})", proxy.asked.proxy, lease->port, to_string(lease->over));
  co_return changed(proxy, lease->port);
}

response endpoint::other(std::string_view op, std::string_view content) {
  if (op == "Ping") {
    leases_.note_ping(read_sign_of_life(content).run_id);
  } else if (op == "CloseProxy") {
    leases_.note_close(read_sign_of_life(content).proxy);
  }
  return unchanged();
}

response endpoint::unchanged() {
  ++counts_.unchanged;
  return json(200, R"({"reject":false,"unchange":true})");
}

response endpoint::invalid(const char* why) {
  return invalid(why, invalid_log_);
}

response endpoint::invalid(const char* why, log::rate_limit& limiter) {
  ++counts_.invalid;
  if (limiter.pass()) log::warn("an invalid request: {}{}", why, limiter.more());
  return json(400, R"({"error":"VALIDATEERR",)"
                   R"("message":"Invalid inputs. Please check your frpc.ini config"})");
}

response endpoint::rejected(error_code why) {
  const auto reason = reason_for(why);
  ++(reason == store_failed ? counts_.failed : counts_.rejected);
  if (rejected_log_.pass()) {
    log::warn("a proxy is rejected: {}{}", why.message(), rejected_log_.more());
  }
  return json(200, R"({"reject":true,"reject_reason":")" + std::string(reason) + R"("})");
}

http::handler handler_of(endpoint& of) {
  return [&of](http::request asked) { return of.serve(asked); };
}

}  // namespace frpx::keeper
