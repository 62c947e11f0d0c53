// The client's links, and the streams that come by them.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "client/datagram_set.hpp"
#include "client/exposed_services.hpp"
#include "client/stream_set.hpp"
#include "link/connection.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {

/// Brings the links that the server orders, one for each of its workers, and joins every stream
/// that is opened on one with a connection to the local service, or has its datagrams carried.
///
/// One worker only, which is the stream_set's. `reset_all` ends everything, `join` waits until it
/// has.
class link_set final : public link::connection::observer {
 public:
  static constexpr std::size_t most_links = 128;

  link_set(net::worker& on, exposed_services& services, stream_set& streams,
           datagram_set& datagrams, stream_limits limits);
  ~link_set();

  /// A session begins. `proxy`: the server's proxy port. `say_failed` tells the server of a link
  /// that cannot be brought.
  void begin(net::endpoint proxy, std::function<void(wire::link_failed)> say_failed);
  /// The server wants these links.
  void order(const wire::open_links& wanted);
  /// Streams are refused from now on; those that are open go on.
  void drain();
  /// Resets every link and stream: the session is over.
  void reset_all();
  boost::asio::awaitable<bool> join(steady_time until);

  std::size_t size() const { return links_.size(); }

 private:
  boost::asio::awaitable<void> bring(uuid id);
  boost::asio::awaitable<void> serve(std::unique_ptr<link::linked_stream> stream,
                                     std::shared_ptr<local_service> local,
                                     stream_set::slot counted);
  std::optional<link::open_status> on_link_stream(link::connection& by,
                                                  std::unique_ptr<link::linked_stream> stream,
                                                  const link::open_request& asked) override;
  link::open_status on_link_datagrams(link::connection& by,
                                      std::unique_ptr<link::linked_datagrams> stream,
                                      const link::open_request& asked) override;
  void on_link_move(link::connection& by, link::linked_stream& stream,
                    const uuid& one_time_id) override;
  boost::asio::awaitable<void> bring_own(uuid id);
  void on_link_gone(link::connection& which, error_code why) override;

  net::worker& on_;
  exposed_services& services_;
  stream_set& streams_;
  datagram_set& datagrams_;
  const stream_limits limits_;
  net::endpoint proxy_;
  std::function<void(wire::link_failed)> say_failed_;
  const std::unique_ptr<std::byte[]> receive_buffer_;
  link::credit_pool credit_;
  link::own_streams owns_;
  std::vector<std::unique_ptr<link::connection>> links_;
  bool draining_ = false;
  net::task_group tasks_;
};

}  // namespace frpx::client
