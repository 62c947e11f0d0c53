#include "net/udp_batches.hpp"

#include <algorithm>
#include <cstring>

#include "net/udp_socket.hpp"

namespace frpx::net {

udp_batches::receiving::receiving() {
  bytes = std::make_unique_for_overwrite<std::byte[]>(messages * message_stride);
  for (std::size_t i = 0; i < messages; ++i) {
    parts[i] = {bytes.get() + i * message_stride, message_size};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_control = control[i].data();
  }
}

udp_batches::sending::sending() {
  bytes = std::make_unique_for_overwrite<std::byte[]>(waiting_bytes);
  queue.reserve(most_waiting);
  senders.reserve(most_waiting);
}

udp_batches::receiving& udp_batches::in() {
  if (!in_) in_ = std::make_unique<receiving>();
  return *in_;
}

udp_batches::sending& udp_batches::out() {
  if (!out_) out_ = std::make_unique<sending>();
  return *out_;
}

bool udp_batches::put(udp_socket& by, bytes_view datagram, const udp_route* route) {
  sending& to = out();
  const auto is_full = [&] {
    return to.queue.size() == most_waiting || waiting_bytes - to.used < datagram.size();
  };
  if (datagram.size() > longest_datagram) return false;
  if (is_full() && !to.flushing) flush();
  if (is_full()) return false;
  if (!datagram.empty()) std::memcpy(to.bytes.get() + to.used, datagram.data(), datagram.size());
  const auto place = static_cast<std::uint32_t>(to.queue.size());
  to.queue.push_back({static_cast<std::uint32_t>(to.used),
                      static_cast<std::uint32_t>(datagram.size()), none,
                      route == nullptr ? udp_route{} : *route});
  to.used += datagram.size();
  if (by.first_ == none) {
    by.first_ = place;
    to.senders.push_back(&by);
  } else {
    to.queue[by.last_].next = place;
  }
  by.last_ = place;
  events_.schedule_flush(*this);
  return true;
}

void udp_batches::flush() {
  if (!out_ || out_->flushing) return;
  out_->flushing = true;
  for (std::size_t i = 0; i < out_->senders.size(); ++i) {
    if (out_->senders[i] != nullptr) out_->senders[i]->flush(*out_);
  }
  out_->senders.clear();
  out_->queue.clear();
  out_->used = 0;
  out_->flushing = false;
}

void udp_batches::forget(const udp_socket& by) {
  if (!out_) return;
  for (udp_socket*& each : out_->senders) {
    if (each == &by) each = nullptr;
  }
}

}  // namespace frpx::net
