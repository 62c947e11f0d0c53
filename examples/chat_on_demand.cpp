// A chat that is on the public network only while it wants to be.
//
//   chat_on_demand SERVER
//
// It is a line-by-line chat on a port of loopback. `open` on standard input opens a tunnel to it,
// `close` closes that, the end of the input ends the program.
#include <frpx/client.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

// What anyone says everybody hears. A thread for each guest will do for an example.
class chat {
 public:
  chat() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ::bind(listening_, reinterpret_cast<sockaddr*>(&here), size);
    ::listen(listening_, 16);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&here), &size);
    port_ = ntohs(here.sin_port);
    doorman_ = std::thread([this] { let_in(); });
  }
  ~chat() {
    ::shutdown(listening_, SHUT_RDWR);
    doorman_.join();
    {
      const std::lock_guard held(guard_);
      for (const int guest : guests_) ::shutdown(guest, SHUT_RDWR);
    }
    for (std::thread& each : listeners_) each.join();
    ::close(listening_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void let_in() {
    for (int guest = 0; (guest = ::accept(listening_, nullptr, nullptr)) >= 0;) {
      const std::lock_guard held(guard_);
      guests_.insert(guest);
      listeners_.emplace_back([this, guest] { hear(guest); });
    }
  }
  void hear(int guest) {
    char text[4096];
    for (ssize_t size = 0; (size = ::recv(guest, text, sizeof text, 0)) > 0;) {
      const std::lock_guard held(guard_);
      for (const int each : guests_) {
        ::send(each, text, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
      }
    }
    const std::lock_guard held(guard_);
    guests_.erase(guest);
    ::close(guest);
  }

  int listening_;
  std::uint16_t port_ = 0;
  std::mutex guard_;
  std::set<int> guests_;
  std::vector<std::thread> listeners_;
  std::thread doorman_;
};

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: chat_on_demand SERVER\n";
    return 2;
  }
  chat talk;
  frpx::tunnel_client client(arguments[1]);
  std::optional<frpx::register_entry> tunnel;
  for (std::string order; std::getline(std::cin, order);) {
    if (order == "open" && !tunnel) {
      const auto port = client.any_port();
      if (!port) {
        std::cout << port.error().message() << std::endl;
        continue;
      }
      const auto made = client.register_service({*port, talk.address(), "chat", "say something"});
      if (made) tunnel = *made;
      std::cout << (made ? "open on port " + std::to_string(*port) : made.error().message())
                << std::endl;
    } else if (order == "close" && tunnel) {
      tunnel->cancel();
      tunnel->wait(std::chrono::seconds(10));
      tunnel.reset();
      std::cout << "closed" << std::endl;
    }
  }
}
