#include <frpx/server.hpp>

#include "library/server_engine.hpp"

namespace frpx {

namespace {

library::inner_hook as_inner(hook call) {
  if (!call) return nullptr;
  return [call = std::move(call)](library::context_source& from) {
    hook_context context(from);
    call(context);
  };
}

}  // namespace

class tunnel_server::parts : public library::server_engine {
 public:
  using server_engine::server_engine;
};

tunnel_server::tunnel_server(std::vector<port_range> ports, server_options options)
    : parts_(std::make_unique<parts>(ports, std::move(options))) {}

tunnel_server::tunnel_server(tunnel_server&& other) noexcept = default;
tunnel_server& tunnel_server::operator=(tunnel_server&& other) noexcept = default;
tunnel_server::~tunnel_server() = default;

bool tunnel_server::add_ports(std::uint16_t from, std::uint16_t to) {
  return parts_->add_ports({from, to});
}

void tunnel_server::set_logger(logger to) {
  parts_->log_to = std::move(to);
}

void tunnel_server::on_tunnel_created(hook call) {
  parts_->hooks.tunnel_created = as_inner(std::move(call));
}

void tunnel_server::on_tunnel_destroyed(hook call) {
  parts_->hooks.tunnel_destroyed = as_inner(std::move(call));
}

void tunnel_server::on_user_coming(hook call) {
  parts_->hooks.user_coming = as_inner(std::move(call));
}

void tunnel_server::on_user_leaving(hook call) {
  parts_->hooks.user_leaving = as_inner(std::move(call));
}

void tunnel_server::on_forward_user_to_tunnel(hook call) {
  parts_->hooks.user_to_tunnel = as_inner(std::move(call));
}

void tunnel_server::on_forward_tunnel_to_user(hook call) {
  parts_->hooks.tunnel_to_user = as_inner(std::move(call));
}

result<void> tunnel_server::start(std::string_view address) {
  return parts_->start(address);
}

result<void> tunnel_server::run(std::string_view address) {
  if (auto failed = parts_->start(address)) return failed;
  parts_->await_stop();
  return {};
}

void tunnel_server::stop() {
  parts_->stop();
}

std::uint16_t tunnel_server::port() const {
  return parts_->port();
}

}  // namespace frpx
