// Looking names up.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "net/blocking_pool.hpp"
#include "net/socket.hpp"

namespace frpx::net {

/// Turns a host name into addresses. The system's own look-up cannot be interrupted, and with a
/// name server that does not answer would hold up the end of the program by half a minute; this one
/// (c-ares on a thread of a pool) gives up within 100 ms of its deadline or of `stop`. It reads
/// /etc/hosts and /etc/resolv.conf as the system does.
///
/// Any worker may ask. It goes before its pool, or is stopped before that.
class resolver {
 public:
  /// `servers` are asked instead of the system's: `127.0.0.1:5353`, separated by commas.
  explicit resolver(blocking_pool& pool, std::string servers = {})
      : pool_(pool), servers_(std::move(servers)) {}
  ~resolver() { stop(); }

  /// The addresses of `host` (a name or an IP address, without brackets), at least one, the best
  /// first. Errors: bad_address, unknown_host, name_server, late after `patience`, busy.
  boost::asio::awaitable<result<std::vector<endpoint>>> resolve(std::string host,
                                                                std::uint16_t port,
                                                                steady_clock::duration patience);

  /// Ends what is being looked up, and what will be, with operation_aborted. Any thread.
  void stop() { *stopped_ = true; }

 private:
  blocking_pool& pool_;
  const std::string servers_;
  // Shared with the threads: a look-up that nobody waits for any more may outlive this.
  const std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace frpx::net
