#include <frpx/context.hpp>

#include "library/context_source.hpp"

namespace frpx {

service_info hook_context::service_info() const {
  return from_.service_info();
}

std::string hook_context::user_remote_address() const {
  return from_.user_remote_address();
}

std::string hook_context::user_local_address() const {
  return from_.user_local_address();
}

std::string hook_context::inner_remote_address() const {
  return from_.inner_remote_address();
}

std::string hook_context::inner_local_address() const {
  return from_.inner_local_address();
}

std::span<std::byte> hook_context::data() const {
  return from_.data();
}

void hook_context::put_value(const std::string& name, std::any value) {
  from_.put_value(name, std::move(value));
}

std::any hook_context::get_value(const std::string& name) const {
  return from_.get_value(name);
}

result<void> hook_context::abort_user() {
  if (!from_.abort_user()) return errc::nothing_to_abort;
  return {};
}

result<void> hook_context::abort_tunnel() {
  if (!from_.abort_tunnel()) return errc::nothing_to_abort;
  return {};
}

}  // namespace frpx
