// What an engine does while it is registered.
#include "client/engine.hpp"
#include "core/log.hpp"
#include "core/names.hpp"
#include "wire/errc.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// For the server to close, once we have.
constexpr steady_clock::duration parting_patience = 1s;
// A server that speaks link/1 answers each heartbeat; silence for so long means that it is gone.
constexpr steady_clock::duration server_silence = 15s;

}  // namespace

/// What lives as long as a session: its streams, and the asking for models.
class engine::session_scope {
 public:
  session_scope(engine& of, control_channel& channel, net::endpoint server) : engine_(of) {
    server.port(of.settings_.options.proxy_port);
    of.streams_.begin(server, [&of] { of.bell_.ring(); });
    of.datagrams_.begin(server);
    of.links_.begin(std::move(server), [&of, &channel](wire::link_failed why) {
      if (channel.send(why)) log::warn("The server is not told of a failed link: it reads nothing");
      of.bell_.ring();
    });
    if (of.uses_services_) {
      of.services_.begin([&of, &channel](wire::command order) {
        if (channel.send(order)) log::warn("Too many orders about services wait for the server");
        of.bell_.ring();
      });
    }
    of.drain_said_ = false;
    of.models_changed_ = false;
    if (!of.settings_.options.serves_http) return;
    const auto report = [&of] {
      of.models_changed_ = true;
      of.bell_.ring();
    };
    const auto& options = of.settings_.options;
    if (of.uses_choice_) {
      of.models_.start({.period = options.models_interval, .closely = true}, report);
      of.health_.start(report);
    } else {
      of.models_.start({.period = of.settings_.heartbeat}, report);
    }
  }
  session_scope(const session_scope&) = delete;
  session_scope& operator=(const session_scope&) = delete;
  ~session_scope() {
    engine_.models_.stop();
    engine_.health_.stop();
    engine_.services_.end();
    engine_.links_.reset_all();
    engine_.streams_.reset_all();
    engine_.datagrams_.reset_all();
    engine_.silent_.clear();
  }

 private:
  engine& engine_;
};

asio::awaitable<error_code> engine::serve(control_channel& channel, net::endpoint server) {
  const session_scope scope(*this, channel, std::move(server));
  if (const error_code failed = report(channel)) co_return failed;
  if (uses_links_) silent_.set_in(server_silence);
  for (;;) {
    if (const error_code failed = take_orders(channel)) co_return failed;
    if (auto renewed = std::exchange(renewed_token_, {}); !renewed.empty()) {
      co_await remember(std::move(renewed));
    }
    if (beat_.rang()) {
      if (const error_code failed = report(channel)) co_return failed;
    } else if (std::exchange(models_changed_, false)) {
      if (const error_code failed = report_models(channel)) co_return failed;
    }
    if (stopping_ && uses_links_ && !std::exchange(drain_said_, true)) {
      if (const error_code failed = channel.send(wire::drain{})) co_return failed;
    }
    if (const error_code failed = channel.flush()) co_return failed;
    if (silent_.rang()) co_return errc::server_silent;
    if (stopping_ && (streams_.size() == 0 || drained_.rang())) break;
    co_await bell_.wait();
  }
  co_await part(channel);
  co_return error_code();
}

// Ends the connection in order, so that the server has no reset to report.
asio::awaitable<void> engine::part(control_channel& channel) {
  channel.finish();
  late_.set_in(parting_patience);
  while (!late_.rang()) {
    const auto received = channel.receive();
    if (!received && received.error() != wire::errc::unknown_command) co_return;
    if (received && !*received) co_await bell_.wait();
  }
}

error_code engine::take_orders(control_channel& channel) {
  for (;;) {
    auto received = channel.receive();
    if (!received && received.error() == wire::errc::unknown_command) continue;
    if (!received) return received.error();
    if (!*received) return {};
    take_order(std::move(**received));
  }
}

void engine::take_order(wire::command order) {
  if (uses_links_) silent_.set_in(server_silence);
  if (auto* wanted = std::get_if<wire::request_new_proxy_conn>(&order)) {
    streams_.order(std::move(wanted->proxy_conn_id));
  } else if (const auto* named = std::get_if<wire::request_service_conn>(&order)) {
    if (named->kind == service_kind::udp) {
      datagrams_.order(named->proxy_conn_id, services_.find(named->service));
    } else {
      streams_.order(named->proxy_conn_id, named->service);
    }
  } else if (const auto* wanted_links = std::get_if<wire::open_links>(&order);
             wanted_links != nullptr && uses_links_) {
    links_.order(*wanted_links);
  } else if (auto* renewal = std::get_if<wire::login_result>(&order);
             renewal != nullptr && renewal->success && renewal->token) {
    renewed_token_ = std::move(*renewal->token);
  } else if (!services_.take(order) && !std::holds_alternative<wire::heartbeat_ack>(order)) {
    log::debug("The server sent {} at an unexpected moment", wire::name_of(order));
  }
}

// What the server needs to know that this client lives, and how well.
error_code engine::report(control_channel& channel) {
  beat_.set_in(settings_.heartbeat);
  services_.ask_again();
  if (const error_code full = report_models(channel)) return full;
  const host::metrics now = meter_.read();
  if (const error_code full = channel.send(
          wire::system_info{now.cpu_usage, now.memory_usage, now.disk_usage, host::host_name()})) {
    return full;
  }
  return channel.flush();
}

error_code engine::report_models(control_channel& channel) {
  models_changed_ = false;
  wire::heartbeat beat{.models = models_.models()};
  if (uses_choice_) {
    beat.loaded = models_.loaded();
    beat.host = services_.unnamed().authority();
    if (health_.asks()) beat.healthy = health_.well();
  }
  beat.left_out = static_cast<std::uint32_t>(models_.left_out());
  beat = wire::fitted(std::move(beat));
  if (const auto before = std::exchange(models_left_out_, beat.left_out);
      before != beat.left_out && beat.left_out != 0) {
    log::warn(
        "The list of models is incomplete: the local service has {}, of which the server is told "
        "{}; a request for another one may go to another client",
        beat.models.size() + beat.left_out, beat.models.size());
  }
  if (!uses_choice_) beat.left_out = 0;
  return channel.send(beat);
}

}  // namespace frpx::client
