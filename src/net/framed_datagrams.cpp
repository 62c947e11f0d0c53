#include "net/framed_datagrams.hpp"

#include <array>

namespace frpx::net {
namespace {

constexpr std::size_t most_waiting = 64 * 1024;
constexpr std::size_t write_size = 32 * 1024;  // put together for one call
constexpr std::size_t turn_bytes = 512 * 1024;
constexpr std::size_t datagram_cost = 128;  // as so many bytes counts an empty one
constexpr std::size_t read_size = 16 * 1024;

}  // namespace

framed_datagrams::framed_datagrams(worker& on, std::unique_ptr<stream> carrier)
    : on_(on),
      carrier_(std::move(carrier)),
      arrived_(on.buffers()),
      leaving_(on.buffers()),
      // With the queue's own prefixes, so that the longest datagram finds room.
      waiting_(most_waiting + 4),
      share_(on.events(), turn_bytes) {
  carrier_->watch(this);
  on_.events().schedule(rereading_);
}

framed_datagrams::~framed_datagrams() {
  carrier_->reset();
}

void framed_datagrams::send(bytes_view datagram) {
  if (datagram.size() > longest_datagram || carrier_->error()) {
    return lose(1);
  }
  lose(waiting_.push(datagram));
  on_.events().schedule_flush(*this);
}

void framed_datagrams::lose(std::uint64_t datagrams) {
  lost_ += datagrams;
  on_.udp().losses().count(udp_loss::queue, datagrams);
}

void framed_datagrams::on_ready(stream::readiness what) {
  if (what.writable) on_.events().schedule_flush(*this);
  if (what.readable) read();
}

void framed_datagrams::write() {
  while (!leaving_.empty() || !waiting_.empty()) {
    while (leaving_.size() < write_size && !waiting_.empty()) {
      std::array<std::byte, prefix> length;
      store_big(static_cast<std::uint16_t>(waiting_.front().size()), length.data());
      leaving_.append(length);
      leaving_.append(waiting_.front());
      waiting_.pop();
    }
    const auto sent = carrier_->write(leaving_.bytes());
    if (sent.state == io_state::failed) return fail(carrier_->error());
    if (sent.state == io_state::blocked) return;
    leaving_.consume(sent.bytes);
  }
  leaving_.release();
}

void framed_datagrams::read() {
  for (;;) {
    if (!tell_whole()) return fail(make_error_code(boost::system::errc::protocol_error));
    if (share_.is_spent()) return on_.events().schedule_later(rereading_);
    const bytes_span room = arrived_.prepare(read_size);
    const auto got = carrier_->read(room);
    if (got.state == io_state::blocked) {
      if (arrived_.empty()) arrived_.release();
      return;
    }
    if (got.state != io_state::moved) {
      return fail(got.state == io_state::failed
                      ? carrier_->error()
                      : make_error_code(boost::system::errc::connection_reset));
    }
    if (got.bytes.data() == room.data()) {
      arrived_.commit(got.bytes.size());
    } else {
      arrived_.append(got.bytes);
    }
  }
}

// The datagrams that have come as a whole, as many as this turn takes; false when one is longer
// than any.
bool framed_datagrams::tell_whole() {
  while (!share_.is_spent()) {
    const bytes_view bytes = arrived_.bytes();
    if (bytes.size() < prefix) return true;
    const std::size_t size = load_big<std::uint16_t>(bytes.data());
    if (size > longest_datagram) return false;
    if (bytes.size() < prefix + size) return true;
    if (watching() != nullptr) watching()->on_datagram(bytes.subspan(prefix, size));
    arrived_.consume(prefix + size);
    share_.use(static_cast<std::uint32_t>(size + datagram_cost));
  }
  return true;
}

// Who hears of it may destroy this.
void framed_datagrams::fail(error_code why) {
  carrier_->watch(nullptr);
  carrier_->reset();
  datagram_stream::watcher* const told = watching();
  watch(nullptr);
  if (told != nullptr) told->on_gone(why);
}

}  // namespace frpx::net
