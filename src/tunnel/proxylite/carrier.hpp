// What carries the streams of a registered client.
#pragma once

#include <functional>
#include <memory>

#include "link/connection.hpp"
#include "link/own_streams.hpp"
#include "link/proxylite/connection.hpp"
#include "tunnel/session.hpp"

namespace frpx::tunnel::proxylite {

/// The connection of one tunnel: segments with a public client, a link with one of ours. Belongs to
/// one worker; `end` cancels it, and its owner keeps it until it has called `on_gone`.
class carrier final : public link::proxylite::connection::observer,
                      public link::connection::observer {
 public:
  /// `on_gone` comes from the worker's loop and may destroy the carrier. `receive_buffer` is shared
  /// by those of the worker.
  using gone = std::function<void(error_code why)>;
  static std::unique_ptr<carrier> of_segments(net::worker& on, std::unique_ptr<net::socket> socket,
                                              bytes_span receive_buffer, gone on_gone);
  static std::unique_ptr<carrier> of_link(net::worker& on, std::unique_ptr<net::socket> socket,
                                          bytes_span receive_buffer, link::credit_pool& credit,
                                          gone on_gone);

  /// Begins; `behind` are bytes that were read already.
  void start(bytes_view behind);
  /// A stream for a visitor.
  result<std::unique_ptr<net::stream>> open(const stream_wish& wish);
  void end();

 private:
  explicit carrier(gone on_gone) : on_gone_(std::move(on_gone)) {}

  void on_tunnel_gone(error_code why) override { on_gone_(why); }
  void on_link_gone(link::connection&, error_code why) override { on_gone_(why); }

  const gone on_gone_;
  link::own_streams owns_;  // of a link; none ever leaves it
  std::unique_ptr<link::proxylite::connection> segments_;
  std::unique_ptr<link::connection> link_;
};

}  // namespace frpx::tunnel::proxylite
