#include "library/hook_adapter.hpp"

#include <map>
#include <mutex>

#include "net/socket.hpp"
#include "tunnel/proxylite/client_session.hpp"
#include "tunnel/tunnel.hpp"
#include "tunnel/visitor.hpp"

namespace frpx::library {
namespace {

/// What hooks keep with a tunnel. Any thread.
class value_store {
 public:
  void put(const std::string& name, std::any value) {
    const std::lock_guard held(guard_);
    values_[name] = std::move(value);
  }
  std::any get(const std::string& name) const {
    const std::lock_guard held(guard_);
    const auto found = values_.find(name);
    return found == values_.end() ? std::any() : found->second;
  }

 private:
  mutable std::mutex guard_;
  std::map<std::string, std::any> values_;
};

// Made before the first visitor comes, so that later it is only read.
value_store& values_of(tunnel::tunnel& which) {
  if (!which.attachment.has_value()) which.attachment = std::make_shared<value_store>();
  return **std::any_cast<std::shared_ptr<value_store>>(&which.attachment);
}

/// A context for the length of one call.
class call_context final : public context_source {
 public:
  /// About a tunnel, on the home worker.
  call_context(tunnel::tunnel& which, const net::worker& home)
      : tunnel_(which), client_(client_of(which, home)) {}
  /// About a visitor, on its worker.
  explicit call_context(tunnel::visitor& who, bytes_span bytes = {})
      : tunnel_(who.of()), client_(client_of(who.of(), who.on())), visitor_(&who), bytes_(bytes) {}

  frpx::service_info service_info() const override {
    const tunnel::tunnel_view now = tunnel_.look();
    return {now.port,   now.name,     now.message,       now.birth,      now.deadline,
            now.online, now.capacity, now.already_serve, now.total_serve};
  }
  std::string user_remote_address() const override {
    return visitor_ == nullptr ? std::string() : net::to_string(visitor_->remote());
  }
  std::string user_local_address() const override {
    return visitor_ == nullptr ? std::string() : net::to_string(visitor_->local());
  }
  std::string inner_remote_address() const override {
    return client_ == nullptr ? std::string() : client_->facts().peer;
  }
  std::string inner_local_address() const override {
    const auto* by = dynamic_cast<const tunnel::proxylite::client_session*>(client_);
    return by == nullptr ? std::string() : by->local_address();
  }
  std::span<std::byte> data() const override { return bytes_; }
  void put_value(const std::string& name, std::any value) override {
    values_of(tunnel_).put(name, std::move(value));
  }
  std::any get_value(const std::string& name) const override {
    return values_of(tunnel_).get(name);
  }
  bool abort_user() override {
    if (visitor_ == nullptr || leaving_ || std::exchange(aborted_, true)) return false;
    visitor_->abort();
    return true;
  }
  bool abort_tunnel() override {
    if (!tunnel_.is_open()) return false;
    tunnel_.abort();
    return true;
  }
  void is_leaving() { leaving_ = true; }

 private:
  // A tunnel of this server has one client; none any more when that has left it.
  static const tunnel::session* client_of(tunnel::tunnel& which, const net::worker& on) {
    const auto& clients = which.clients(on)->list();
    return clients.empty() ? nullptr : clients.front().client.get();
  }

  tunnel::tunnel& tunnel_;
  const tunnel::session* const client_;
  tunnel::visitor* const visitor_ = nullptr;
  const bytes_span bytes_;
  bool leaving_ = false;
  bool aborted_ = false;
};

}  // namespace

void hook_adapter::on_tunnel_created(tunnel::tunnel& which) {
  values_of(which);
  call_context context(which, home_);
  if (calls_.tunnel_created) calls_.tunnel_created(context);
}

void hook_adapter::on_tunnel_destroyed(tunnel::tunnel& which) {
  call_context context(which, home_);
  if (calls_.tunnel_destroyed) calls_.tunnel_destroyed(context);
}

void hook_adapter::on_visitor_coming(tunnel::visitor& who) {
  call_context context(who);
  if (calls_.user_coming) calls_.user_coming(context);
}

void hook_adapter::on_visitor_leaving(tunnel::visitor& who) {
  call_context context(who);
  context.is_leaving();
  if (calls_.user_leaving) calls_.user_leaving(context);
}

void hook_adapter::on_bytes(tunnel::visitor& who, tunnel::direction way, bytes_span bytes) {
  const inner_hook& call =
      way == tunnel::direction::to_service ? calls_.user_to_tunnel : calls_.tunnel_to_user;
  call_context context(who, bytes);
  if (call) call(context);
}

}  // namespace frpx::library
