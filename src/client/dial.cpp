#include "client/dial.hpp"

#include <algorithm>

#include "net/error.hpp"

namespace frpx::client {

void dial::start(std::vector<net::endpoint> addresses, steady_clock::duration patience) {
  addresses_ = std::move(addresses);
  if (addresses_.size() > most_addresses) addresses_.resize(most_addresses);
  tried_ = 0;
  until_ = steady_clock::now() + patience;
  error_ = net::errc::unknown_host;
  state_ = state::connecting;
  try_next();
}

void dial::try_next() {
  socket_.reset();
  if (tried_ == addresses_.size()) {
    state_ = state::failed;
    late_.clear();
    return;
  }
  const auto left = std::max(until_ - steady_clock::now(), steady_clock::duration::zero());
  late_.set_in(left / static_cast<int>(addresses_.size() - tried_));
  socket_ = net::start_connect(on_, addresses_[tried_++]);
  socket_->watch(&watch_);
}

dial::state dial::step() {
  while (state_ == state::connecting) {
    if (socket_->connect_decided()) {
      error_ = socket_->take_connect_error();
      if (!error_) {
        late_.clear();
        state_ = state::connected;
      } else {
        try_next();
      }
    } else if (late_.rang()) {
      error_ = net::errc::late;
      try_next();
    } else {
      break;
    }
  }
  return state_;
}

std::unique_ptr<net::socket> dial::take() {
  socket_->watch(nullptr);
  state_ = state::idle;
  return std::move(socket_);
}

}  // namespace frpx::client
