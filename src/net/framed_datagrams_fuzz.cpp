// Any bytes of a connection that carries datagrams, in pieces: what is told is what a plain reader
// finds, however the bytes were cut, and sent again it gives the same bytes.
#include <cstdint>
#include <string>
#include <vector>

#include "net/framed_datagrams.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::net {
namespace {

struct reading final : datagram_stream::watcher {
  void on_datagram(bytes_view datagram) override { told.emplace_back(as_text(datagram)); }
  void on_gone(error_code reason) override { why = reason; }

  std::vector<std::string> told;
  error_code why;
};

std::size_t length_at(std::string_view bytes) {
  return load_big<std::uint16_t>(as_bytes(bytes).data());
}

// Up to the first that is too long, or not whole; cuts `bytes` down to what the datagrams are.
std::vector<std::string> plainly(std::string_view& bytes) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (bytes.size() - at >= 2) {
    const std::size_t size = length_at(bytes.substr(at));
    if (size > longest_datagram || bytes.size() - at - 2 < size) break;
    found.emplace_back(bytes.substr(at + 2, size));
    at += 2 + size;
  }
  bytes = bytes.substr(0, at);
  return found;
}

void settle(worker& on) {
  while (on.loop().turn(steady_time())) {
  }
}

reading read(worker& on, std::string_view bytes, std::size_t slice) {
  reading all;
  test::memory_peer peer;
  peer.slice(slice);
  framed_datagrams under_test(on, std::make_unique<test::memory_stream>(peer));
  under_test.watch(&all);
  peer.send(bytes);
  peer.finish();
  settle(on);
  REQUIRE(all.why);
  return all;
}

// One by one, so that none has to wait for room.
std::string written(worker& on, const std::vector<std::string>& datagrams) {
  test::memory_peer peer;
  peer.make_room(std::size_t{1} << 30);
  framed_datagrams under_test(on, std::make_unique<test::memory_stream>(peer));
  for (const std::string& each : datagrams) {
    under_test.send(as_bytes(each));
    settle(on);
  }
  REQUIRE(under_test.lost() == 0);
  return peer.taken();
}

}  // namespace
}  // namespace frpx::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frpx::net;
  static worker on(0);
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string_view whole = bytes;
  const std::vector<std::string> expected = plainly(whole);
  const bool too_long =
      bytes.size() - whole.size() >= 2 && length_at(bytes.substr(whole.size())) > longest_datagram;
  for (const std::size_t slice : {std::size_t{1} + data[0], size}) {
    const reading found = read(on, bytes, slice);
    REQUIRE(found.told == expected);
    REQUIRE((found.why == make_error_code(boost::system::errc::protocol_error)) == too_long);
  }
  REQUIRE(written(on, expected) == whole);
  return 0;
}
