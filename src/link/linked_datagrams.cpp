#include "link/linked_datagrams.hpp"

#include <utility>

#include "link/connection.hpp"

namespace frpx::link {

linked_datagrams::~linked_datagrams() {
  if (link_ == nullptr) return;
  link_->machine_.reset(id_, reset_code::cancelled);
  leave();
}

void linked_datagrams::send(bytes_view datagram) {
  if (link_ == nullptr) return;
  const std::uint64_t before = link_->machine_.counters().datagrams_dropped;
  if (link_->machine_.send_datagram(id_, datagram)) link_->flush_soon();
  link_->note_dropped(link_->machine_.counters().datagrams_dropped - before);
}

void linked_datagrams::on_opened(stream_id, open_status status) {
  if (status != open_status::connected) be_gone(error_of(status));
}

void linked_datagrams::on_datagram(stream_id, bytes_view datagram) {
  if (watching() != nullptr) watching()->on_datagram(datagram);
}

void linked_datagrams::on_reset(stream_id, reset_code) {
  be_gone(make_error_code(boost::system::errc::connection_reset));
}

void linked_datagrams::leave() {
  connection* const was = std::exchange(link_, nullptr);
  was->flush_soon();
  was->go_if_done();
}

void linked_datagrams::be_gone(error_code why) {
  leave();
  if (watching() != nullptr) watching()->on_gone(why);
}

}  // namespace frpx::link
