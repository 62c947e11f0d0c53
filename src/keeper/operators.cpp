#include "keeper/operators.hpp"

#include <charconv>

#include "core/exposition.hpp"
#include "core/names.hpp"
#include "keeper/json_cursor.hpp"
#include "keeper/metrics.hpp"

namespace frpx::keeper {

namespace asio = boost::asio;

using http::request;
using http::response;

namespace {

constexpr std::size_t leases_in_a_piece = 150;  // about body_source::piece_size

// The list of all leases, in pieces: no moment's picture, and no pause for who asks for a port.
class lease_list final : public http::body_source {
 public:
  explicit lease_list(const ports::leases& of) : leases_(of) {}

  state produce(std::string& into) override {
    if (port_ == 1) into += R"({"leases":[)";
    std::vector<ports::lease> some;
    port_ = leases_.list_from(port_, leases_in_a_piece, some);
    for (const ports::lease& each : some) {
      if (std::exchange(comma_, true)) into += ',';
      json_writer json(into);
      write_lease(json, each);
    }
    if (port_ != 0) return state::more;
    into += "]}";
    return state::ended;
  }

 private:
  const ports::leases& leases_;
  std::uint32_t port_ = 1;
  bool comma_ = false;
};

response shown_lease(const ports::lease& row) {
  response answer;
  json_writer json(answer.body);
  write_lease(json, row);
  return answer;
}

int status_of(error_code e) {
  if (e == ports::errc::unknown_proxy) return 404;
  if (e == ports::errc::held_by_another) return 409;
  if (e == ports::errc::outside_ranges || e == ports::errc::bad_name) return 400;
  return 503;
}

response shown_outcome(const result<ports::lease>& of) {
  return of ? shown_lease(*of) : http::refusal(status_of(of.error()), of.error().message());
}

asio::awaitable<response> show_all(ports::leases& of) {
  response answer;
  answer.source = std::make_unique<lease_list>(of);
  return http::ready(std::move(answer));
}

asio::awaitable<response> show_one(ports::leases& of, const std::string& proxy) {
  const auto found = of.find(proxy);
  return http::ready(shown_outcome(found ? result<ports::lease>(*found)
                                         : result<ports::lease>(ports::errc::unknown_proxy)));
}

struct assignment {
  std::uint16_t port = 0;
  std::optional<ports::transport> over;
};

// `{"port":6000}`, with `"transport":"udp"` if it is not tcp.
std::optional<assignment> read_assignment(std::string_view body) {
  assignment read;
  json_cursor at(body);
  const bool good = at.object([&](std::string_view name) {
    std::string_view raw;
    if (!at.value(&raw)) return false;
    if (name == "port") {
      const auto [end, failed] = std::from_chars(raw.data(), raw.data() + raw.size(), read.port);
      return failed == std::errc() && end == raw.data() + raw.size();
    }
    if (name == "transport") {
      read.over = raw == R"("tcp")" ? std::optional(ports::transport::tcp) : std::nullopt;
      if (raw == R"("udp")") read.over = ports::transport::udp;
      return read.over.has_value();
    }
    return false;
  }) && at.end();
  return good && read.port != 0 ? std::optional(read) : std::nullopt;
}

asio::awaitable<response> assign(ports::leases* of, std::string proxy, assignment wanted) {
  const auto known = of->find(proxy);
  const auto over = wanted.over.value_or(known ? known->over : ports::transport::tcp);
  co_return shown_outcome(co_await of->assign(std::move(proxy), wanted.port, over));
}

asio::awaitable<response> release(ports::leases* of, std::string proxy) {
  co_return shown_outcome(co_await of->release(std::move(proxy)));
}

asio::awaitable<response> put_one(ports::leases& of, const request& asked) {
  const auto wanted = read_assignment(asked.body);
  if (!wanted) {
    return http::ready(http::refusal(400,
                                     R"(The body must be {"port":6000}, with a port from 1 to )"
                                     R"(65535, and perhaps "transport":"tcp" or "udp")"));
  }
  return assign(&of, asked.parameters[0], *wanted);
}

response text(std::string body) {
  response answer;
  answer.body = std::move(body);
  answer.content_type = "text/plain; charset=utf-8";
  return answer;
}

response health(const ports::leases& of) {
  const auto now = of.look();
  response answer;
  answer.status = now.store_error ? 503 : 200;
  json_writer json(answer.body);
  json.begin_object().member("status", now.store_error ? "unhealthy" : "healthy");
  json.member("leases", now.leases).member("free_ports", now.free_ports);
  if (now.store_error) json.member("message", now.store_error.message());
  json.end_object();
  return answer;
}

}  // namespace

std::string_view to_string(ports::use state) {
  switch (state) {
    case ports::use::unknown:
      return "unknown";
    case ports::use::open:
      return "open";
    case ports::use::pinged:
      return "pinged";
    case ports::use::closed:
      break;
  }
  return "closed";
}

void write_lease(json_writer& json, const ports::lease& row) {
  json.begin_object()
      .member("proxy", row.proxy)
      .member("port", row.port)
      .member("transport", to_string(row.over))
      .member("user", row.user)
      .member("group", row.group)
      .member("state", to_string(row.state))
      .member("created", to_rfc3339(row.created))
      .member("used", to_rfc3339(row.used))
      .end_object();
}

std::vector<http::route> lease_routes(ports::leases& of) {
  return {
      {"GET", "/leases", [&of](request) { return show_all(of); }},
      {"GET", "/leases/{proxy}",
       [&of](request asked) { return show_one(of, asked.parameters[0]); }},
      {"PUT", "/leases/{proxy}", [&of](request asked) { return put_one(of, asked); }},
      {"DELETE", "/leases/{proxy}",
       [&of](request asked) { return release(&of, std::move(asked.parameters[0])); }},
  };
}

std::vector<http::route> health_routes(ports::leases& of, const endpoint& served) {
  return {
      {"GET", "/ping", [](request) { return http::ready(text("pong")); }},
      {"GET", "/healthz", [&of](request) { return http::ready(health(of)); }},
      {"GET", "/metrics",
       [&of, &served](request) {
         response answer = text(metrics_text(of.look(), served.so_far()));
         answer.content_type = exposition::content_type;
         return http::ready(std::move(answer));
       }},
  };
}

}  // namespace frpx::keeper
