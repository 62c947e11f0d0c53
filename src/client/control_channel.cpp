#include "client/control_channel.hpp"

#include "client/errc.hpp"

namespace frpx::client {

control_channel::control_channel(std::unique_ptr<net::socket> connection, net::wakeup& bell)
    : watch_(bell), connection_(std::move(connection)) {
  connection_->watch(&watch_);
}

result<std::optional<wire::command>> control_channel::receive() {
  for (;;) {
    const auto frame = reader_.next();
    if (!frame) return frame.error();
    if (*frame) {
      auto command = wire::parse_command(**frame);
      if (!command) return command.error();
      return std::optional<wire::command>(std::move(*command));
    }
    const net::read_outcome read = connection_->read(reader_.prepare());
    switch (read.state) {
      case net::io_state::moved:
        reader_.commit(read.bytes.size());  // a socket reads into what it is given
        break;
      case net::io_state::blocked:
        return std::optional<wire::command>();
      case net::io_state::ended:
        return errc::server_ended;
      case net::io_state::failed:
        return connection_->error();
    }
  }
}

error_code control_channel::send(const wire::command& command) {
  const std::string bytes = wire::encode(command);
  if (unsent_.size() + bytes.size() > most_unsent) return errc::too_many_unsent;
  unsent_ += bytes;
  return {};
}

error_code control_channel::flush() {
  while (!unsent_.empty()) {
    const net::write_outcome written = connection_->write(as_bytes(unsent_));
    if (written.state == net::io_state::failed) return connection_->error();
    if (written.state == net::io_state::blocked) return {};
    unsent_.erase(0, written.bytes);
  }
  return {};
}

}  // namespace frpx::client
