#include "tunnel/proxylite/carrier.hpp"

#include "link/proxylite/link_options.hpp"

namespace frpx::tunnel::proxylite {

std::unique_ptr<carrier> carrier::of_segments(net::worker& on, std::unique_ptr<net::socket> socket,
                                              bytes_span receive_buffer, gone on_gone) {
  std::unique_ptr<carrier> made(new carrier(std::move(on_gone)));
  made->segments_ = std::make_unique<link::proxylite::connection>(
      on, std::move(socket), link::proxylite::role::server, link::proxylite::options(),
      receive_buffer, *made);
  return made;
}

std::unique_ptr<carrier> carrier::of_link(net::worker& on, std::unique_ptr<net::socket> socket,
                                          bytes_span receive_buffer, link::credit_pool& credit,
                                          gone on_gone) {
  std::unique_ptr<carrier> made(new carrier(std::move(on_gone)));
  made->link_ = std::make_unique<link::connection>(on, std::move(socket), link::role::server,
                                                   link::proxylite::link_options(credit),
                                                   receive_buffer, made->owns_, *made);
  return made;
}

void carrier::start(bytes_view behind) {
  segments_ ? segments_->start(behind) : link_->start(behind);
}

result<std::unique_ptr<net::stream>> carrier::open(const stream_wish& wish) {
  if (segments_) return segments_->open();
  return link_->open(link::stream_kind::tcp, default_service, wish.visitor);
}

void carrier::end() {
  segments_ ? segments_->end() : link_->end(link::goaway_code::session_over);
}

}  // namespace frpx::tunnel::proxylite
