// What is said on a proxylite connection before it is a tunnel.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

#include "net/socket.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"
#include "wire/proxylite/message.hpp"

namespace frpx::link::proxylite {

/// Sends and receives messages, each within a deadline. One coroutine owns it and calls; cancelling
/// that coroutine cancels it.
class conversation {
 public:
  /// `limit`: how long a message of the peer's may be, in bytes.
  conversation(net::worker& on, std::unique_ptr<net::socket> socket, std::size_t limit);
  ~conversation();

  /// The next message. Errors: net::errc::late, errc::lost for an end, the socket's and the
  /// codec's.
  boost::asio::awaitable<result<wire::proxylite::message>> receive(steady_clock::duration patience);
  /// Sends all of `bytes`; the same errors.
  boost::asio::awaitable<error_code> send(std::string bytes, steady_clock::duration patience);
  /// Ends our direction and waits until the peer has ended its own, so that what was sent last is
  /// read before the connection goes.
  boost::asio::awaitable<void> part(steady_clock::duration patience);

  const net::socket& connection() const { return *socket_; }
  /// What was read behind the last message; valid until the next call.
  bytes_view behind() const { return reader_.rest(); }
  /// The connection, watched by nobody, for the tunnel that it becomes.
  std::unique_ptr<net::socket> release();

 private:
  std::unique_ptr<net::socket> socket_;
  net::wakeup bell_;
  net::stream_watch watch_;
  net::alarm late_;
  wire::proxylite::message_reader reader_;
};

}  // namespace frpx::link::proxylite
