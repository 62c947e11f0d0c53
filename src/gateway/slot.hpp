// A place at a client, for as long as a request needs it.
#pragma once

#include <memory>
#include <utility>

#include "tunnel/session.hpp"

namespace frpx::gateway {

class waiting_room;

/// One of the requests that a client takes at once (`frpc --max-inflight`). It is taken before the
/// client is asked for anything, and given back exactly once, when the slot goes: to whoever waits
/// for it, else to all. May go on any worker.
class slot {
 public:
  slot() = default;
  /// A place of `at` that was taken already (tunnel::session::take_place).
  slot(std::shared_ptr<tunnel::session> at, waiting_room& from)
      : client_(std::move(at)), room_(&from) {}
  slot(slot&&) noexcept = default;
  slot& operator=(slot&& other) noexcept {
    release();
    client_ = std::move(other.client_);
    room_ = other.room_;
    return *this;
  }
  ~slot() { release(); }

  void release();
  const std::shared_ptr<tunnel::session>& client() const { return client_; }
  explicit operator bool() const { return client_ != nullptr; }

 private:
  std::shared_ptr<tunnel::session> client_;
  waiting_room* room_ = nullptr;
};

}  // namespace frpx::gateway
