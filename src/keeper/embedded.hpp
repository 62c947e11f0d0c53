// The port keeper's endpoint within frps.
#pragma once

#include <memory>
#include <string>

#include "config/options.hpp"
#include "http/message.hpp"
#include "keeper/endpoint.hpp"

namespace frpx::keeper {

/// The endpoint of `--keeper-path`, on leases in the server's own `database`. Made before the
/// workers run, served on the home worker, gone after its HTTP service.
class embedded {
 public:
  /// Null when the options ask for none. Blocks. Throws keeper::start_error.
  static std::unique_ptr<embedded> start(const config::frps_options& options,
                                         const std::string& database);

  const std::string& path() const { return path_; }
  endpoint& plugin() { return plugin_; }

 private:
  embedded(std::string path, std::unique_ptr<ports::leases> leases)
      : path_(std::move(path)), leases_(std::move(leases)), plugin_(*leases_, false) {}

  const std::string path_;
  const std::unique_ptr<ports::leases> leases_;
  endpoint plugin_;
};

/// `others`, but for what is asked at the path of `keeper`, which may be null: that needs no token,
/// for the public frp server has none.
http::handler beside(embedded* keeper, http::handler others);

}  // namespace frpx::keeper
