#include <frpx/client.hpp>

#include <random>

#include "library/client_engine.hpp"

namespace frpx {

register_entry::register_entry(std::shared_ptr<library::entry_state> state)
    : state_(std::move(state)) {}

const register_info& register_entry::info() const {
  return state_->info();
}

const control_info& register_entry::control() const {
  return state_->control();
}

void register_entry::cancel() {
  state_->cancel();
}

std::shared_future<error> register_entry::done() const {
  return state_->done();
}

bool register_entry::wait(std::chrono::milliseconds timeout) const {
  return state_->done().wait_for(timeout) == std::future_status::ready;
}

tunnel_client::tunnel_client(std::string server_address, client_options options)
    : engine_(std::make_unique<library::client_engine>(std::move(server_address),
                                                       std::move(options))) {}

tunnel_client::tunnel_client(tunnel_client&& other) noexcept = default;
tunnel_client& tunnel_client::operator=(tunnel_client&& other) noexcept = default;
tunnel_client::~tunnel_client() = default;

void tunnel_client::set_logger(logger to) {
  engine_->set_logger(std::move(to));
}

result<std::vector<std::uint16_t>> tunnel_client::available_ports(
    std::chrono::milliseconds timeout) const {
  std::vector<std::uint16_t> ports;
  if (auto failed = engine_->available_ports(timeout, ports)) return failed;
  return ports;
}

result<std::uint16_t> tunnel_client::any_port(std::chrono::milliseconds timeout) const {
  const auto ports = available_ports(timeout);
  if (!ports) return ports.error();
  if (ports->empty()) return errc::no_port;
  std::random_device source;
  std::uniform_int_distribution<std::size_t> any(0, ports->size() - 1);
  return (*ports)[any(source)];
}

result<std::vector<service_info>> tunnel_client::active_services(
    std::string_view prefix, std::chrono::milliseconds timeout) const {
  std::vector<service_info> services;
  if (auto failed = engine_->active_services(prefix, timeout, services)) return failed;
  return services;
}

result<register_entry> tunnel_client::register_service(const register_info& info,
                                                       const control_info& control,
                                                       std::chrono::milliseconds timeout) {
  std::shared_ptr<library::entry_state> state;
  if (auto failed = engine_->register_service(info, control, timeout, state)) return failed;
  return register_entry(std::move(state));
}

std::optional<register_entry> tunnel_client::entry_by_name(std::string_view name) const {
  auto state = engine_->entry_by_name(name);
  return state ? std::optional(register_entry(std::move(state))) : std::nullopt;
}

std::optional<register_entry> tunnel_client::entry_by_port(std::uint16_t outer_port) const {
  auto state = engine_->entry_by_port(outer_port);
  return state ? std::optional(register_entry(std::move(state))) : std::nullopt;
}

}  // namespace frpx
