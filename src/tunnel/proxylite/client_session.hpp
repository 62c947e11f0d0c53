// A client of the proxylite dialect: one connection, which is its tunnel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/wakeup.hpp"
#include "tunnel/session.hpp"

namespace frpx::tunnel::proxylite {

class carrier;
class dialect;

/// The session of one registration. Its streams share its connection, so its visitors are served on
/// the worker that has the connection.
class client_session final : public session {
 public:
  client_session(session_facts facts, std::string local, dialect& owner, net::worker& on)
      : session(std::move(facts)), local_(std::move(local)), owner_(owner), on_(on) {}

  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker& on,
                                                                    stream_wish wish) override;
  net::worker* only_worker() override { return &on_; }
  void end(const std::string& why) override;
  void tunnel_ended(const service& what, error_code why) override;

  /// Our end of its connection, `address:port`.
  const std::string& local_address() const { return local_; }

  // Worker `only_worker` only.

  /// The tunnel's connection is ready for streams.
  void carry(carrier& by);
  /// It has gone, or will not come.
  void drop();
  /// Ends the connection, now or as soon as there is one.
  void end_carrier();

 private:
  const std::string local_;
  dialect& owner_;
  net::worker& on_;
  carrier* carrier_ = nullptr;
  bool dropped_ = false;
  bool told_to_end_ = false;
  std::vector<net::wakeup*> waiting_;  // visitors that came before the connection was ready
};

}  // namespace frpx::tunnel::proxylite
