// Sends numbered datagrams through whatever is measured and counts those that arrive:
//
//     udp_load SERVICE-PORT PORT SIZE SECONDS
//
// It is both ends: it sends to 127.0.0.1:PORT, and is the service on 127.0.0.1:SERVICE-PORT behind
// it. The rate rises by a quarter from step to step until no more arrives; the most that arrived in
// a second is the peak. Then it sends half of that for SECONDS. One line of JSON tells both.
//
// iperf3 cannot do this: it sends one datagram by each call, which costs more than the programs
// that are measured, and it does not look for the peak.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr unsigned batch = 16;      // datagrams by one call
constexpr auto step_time = 500ms;   // at one rate
constexpr auto stragglers = 250ms;  // for what is on its way when sending ends
constexpr double first_rate = 10'000;
constexpr double growth = 1.25;
constexpr double most_rate = 4'000'000;

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int make_socket() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int size = 4 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return fd;
}

/// One call's worth of datagrams, either way.
struct datagrams {
  explicit datagrams(std::size_t size) : bytes(batch * size) {
    for (unsigned i = 0; i < batch; ++i) {
      parts[i] = {bytes.data() + i * size, size};
      headers[i].msg_hdr.msg_iov = &parts[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<char> bytes;
  std::array<iovec, batch> parts{};
  std::array<mmsghdr, batch> headers{};
};

/// The service: counts the datagrams of the step at hand.
class service {
 public:
  explicit service(std::uint16_t port) : fd_(make_socket()) {
    const timeval patience{0, 20'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const sockaddr_in address = loopback(port);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    thread_ = std::thread([this] { run(); });
  }
  ~service() {
    stopping_ = true;
    thread_.join();
    ::close(fd_);
  }
  void begin(std::uint32_t step) {
    step_ = step;
    arrived_ = 0;
  }
  std::uint64_t arrived() const { return arrived_; }

 private:
  void run() {
    datagrams into(65'536);
    while (!stopping_) {
      const int count = ::recvmmsg(fd_, into.headers.data(), batch, MSG_WAITFORONE, nullptr);
      for (int i = 0; i < count; ++i) {
        std::uint32_t step = 0;
        std::memcpy(&step, into.parts[static_cast<unsigned>(i)].iov_base, sizeof step);
        if (step == step_) arrived_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }

  const int fd_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint32_t> step_{0};
  std::atomic<std::uint64_t> arrived_{0};
  std::thread thread_;
};

struct outcome {
  double sent_rate = 0;  // in a second
  double rate = 0;       // that arrived, in a second
  std::uint64_t sent = 0;
  std::uint64_t arrived = 0;
  double loss() const { return sent == 0 ? 1 : 1 - double(arrived) / double(sent); }
};

class visitor {
 public:
  visitor(std::uint16_t port, std::size_t size) : fd_(make_socket()), out_(size) {
    const sockaddr_in address = loopback(port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fail("connect");
    }
  }
  ~visitor() { ::close(fd_); }

  /// Sends at `rate` for `time`.
  outcome run(service& to, double rate, steady::duration time) {
    to.begin(++step_);
    for (iovec& part : out_.parts) std::memcpy(part.iov_base, &step_, sizeof step_);
    outcome result;
    const auto begin = steady::now();
    for (auto now = begin; now < begin + time; now = steady::now()) {
      const double due = std::chrono::duration<double>(now - begin).count() * rate;
      if (due < double(result.sent + batch)) {
        std::this_thread::sleep_for(50us);
        continue;
      }
      const int count = ::sendmmsg(fd_, out_.headers.data(), batch, 0);
      if (count > 0) result.sent += static_cast<std::uint64_t>(count);
    }
    const double took = std::chrono::duration<double>(steady::now() - begin).count();
    const std::uint64_t in_time = to.arrived();
    std::this_thread::sleep_for(stragglers);
    result.arrived = to.arrived();
    result.sent_rate = double(result.sent) / took;
    result.rate = double(in_time) / took;
    return result;
  }

 private:
  const int fd_;
  datagrams out_;
  std::uint32_t step_ = 0;
};

int measure(std::uint16_t service_port, std::uint16_t port, std::size_t size, double seconds) {
  service behind(service_port);
  visitor sender(port, size);
  sender.run(behind, first_rate, 200ms);  // opens the way
  outcome best;
  int worse = 0;
  for (double rate = first_rate; rate < most_rate && worse < 3; rate *= growth) {
    const outcome now = sender.run(behind, rate, step_time);
    worse = now.rate > best.rate * 1.02 ? 0 : worse + 1;
    if (now.rate > best.rate) best = now;
  }
  if (best.arrived == 0) {
    std::fputs("nothing arrived\n", stderr);
    return 1;
  }
  const auto time =
      std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds));
  const outcome half = sender.run(behind, best.rate / 2, time);
  std::printf(
      "{\"peak\":%.0f,\"peak_loss\":%.6f,\"half\":%.0f,\"half_loss\":%.6f,\"sent\":%llu,"
      "\"arrived\":%llu}\n",
      best.rate, best.loss(), half.rate, half.loss(), static_cast<unsigned long long>(half.sent),
      static_cast<unsigned long long>(half.arrived));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: udp_load SERVICE-PORT PORT SIZE SECONDS\n", stderr);
    return 2;
  }
  const auto size = std::strtoul(argv[3], nullptr, 10);
  if (size < 8 || size > 65'507) {
    std::fputs("SIZE is from 8 to 65507\n", stderr);
    return 2;
  }
  try {
    return measure(static_cast<std::uint16_t>(std::atoi(argv[1])),
                   static_cast<std::uint16_t>(std::atoi(argv[2])), size, std::atof(argv[4]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
