// What stands behind a hook_context.
#pragma once

#include <any>
#include <cstddef>
#include <span>
#include <string>

#include <frpx/service.hpp>

namespace frpx::library {

/// The seam between the public context, which knows the standard library alone, and the tunnel.
class context_source {
 public:
  virtual frpx::service_info service_info() const = 0;
  virtual std::string user_remote_address() const = 0;
  virtual std::string user_local_address() const = 0;
  virtual std::string inner_remote_address() const = 0;
  virtual std::string inner_local_address() const = 0;
  virtual std::span<std::byte> data() const = 0;
  virtual void put_value(const std::string& name, std::any value) = 0;
  virtual std::any get_value(const std::string& name) const = 0;
  /// False when there is nothing to abort, here and below.
  virtual bool abort_user() = 0;
  virtual bool abort_tunnel() = 0;

 protected:
  ~context_source() = default;
};

}  // namespace frpx::library
