#include "link/proxylite/conversation.hpp"

#include "link/errc.hpp"
#include "net/error.hpp"

namespace frpx::link::proxylite {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_discarded = 1024 * 1024;  // of what the peer still sends at the end

}  // namespace

conversation::conversation(net::worker& on, std::unique_ptr<net::socket> socket, std::size_t limit)
    : socket_(std::move(socket)),
      bell_(on.events()),
      watch_(bell_),
      late_(on.timers(), bell_),
      reader_(limit) {
  net::tune_stream(socket_->descriptor());
  socket_->watch(&watch_);
}

conversation::~conversation() {
  if (socket_) socket_->watch(nullptr);
}

asio::awaitable<result<wire::proxylite::message>> conversation::receive(
    steady_clock::duration patience) {
  late_.set_in(patience);
  for (;;) {
    const auto next = reader_.next();
    if (!next) co_return next.error();
    if (*next) co_return wire::proxylite::parse_message(**next);
    const auto got = socket_->read(reader_.prepare());
    if (got.state == net::io_state::moved) {
      reader_.commit(got.bytes.size());
    } else if (got.state == net::io_state::ended) {
      co_return make_error_code(errc::lost);
    } else if (got.state == net::io_state::failed) {
      co_return socket_->error();
    } else if (late_.rang()) {
      co_return make_error_code(net::errc::late);
    } else {
      co_await bell_.wait();
    }
  }
}

asio::awaitable<error_code> conversation::send(std::string bytes, steady_clock::duration patience) {
  late_.set_in(patience);
  for (auto left = as_bytes(bytes); !left.empty();) {
    const auto sent = socket_->write(left);
    if (sent.state == net::io_state::failed) co_return socket_->error();
    if (sent.state == net::io_state::moved) {
      left = left.subspan(sent.bytes);
    } else if (late_.rang()) {
      co_return make_error_code(net::errc::late);
    } else {
      co_await bell_.wait();
    }
  }
  co_return error_code();
}

asio::awaitable<void> conversation::part(steady_clock::duration patience) {
  socket_->finish();
  late_.set_in(patience);
  std::byte ignored[4096];
  for (std::size_t discarded = 0; discarded < most_discarded && !late_.rang();) {
    const auto got = socket_->read(ignored);
    discarded += got.bytes.size();
    if (got.state == net::io_state::ended || got.state == net::io_state::failed) co_return;
    if (got.state == net::io_state::blocked) co_await bell_.wait();
  }
}

std::unique_ptr<net::socket> conversation::release() {
  socket_->watch(nullptr);
  return std::move(socket_);
}

}  // namespace frpx::link::proxylite
