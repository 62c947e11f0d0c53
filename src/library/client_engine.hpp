// The embedded client behind its public class; see server_engine.hpp for why it is behind.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <frpx/error.hpp>
#include <frpx/options.hpp>
#include <frpx/service.hpp>

namespace frpx::library {

/// One registration. Any thread.
class entry_state {
 public:
  virtual ~entry_state() = default;
  virtual const register_info& info() const = 0;
  virtual const control_info& control() const = 0;
  virtual void cancel() = 0;
  virtual std::shared_future<error> done() const = 0;
};

/// Thread safety as of frpx::tunnel_client. Answers are put into the last parameter; no error: they
/// are there.
class client_engine {
 public:
  using milliseconds = std::chrono::milliseconds;

  client_engine(std::string server_address, client_options options);
  ~client_engine();

  void set_logger(logger to);
  error available_ports(milliseconds timeout, std::vector<std::uint16_t>& into);
  error active_services(std::string_view prefix, milliseconds timeout,
                        std::vector<service_info>& into);
  error register_service(const register_info& info, const control_info& control,
                         milliseconds timeout, std::shared_ptr<entry_state>& into);
  /// Null when there is none that lives.
  std::shared_ptr<entry_state> entry_by_name(std::string_view name) const;
  std::shared_ptr<entry_state> entry_by_port(std::uint16_t outer_port) const;

  class parts;

 private:
  const std::unique_ptr<parts> parts_;
};

}  // namespace frpx::library
