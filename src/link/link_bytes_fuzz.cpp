// Whatever a peer sends, a machine stays within its bounds and its own account of itself.

#include "tests/fuzz/require.hpp"
#include "tests/support/bare_link.hpp"

namespace {

using namespace frpx;
using namespace frpx::link;

void check(testing::side& owner, const options& how) {
  REQUIRE(owner->credit_ledger().used() <= how.bound);
  REQUIRE(owner->promised() <= owner->credit_ledger().used());
  // Beside the ledger: two pages for each stream's queue, the outbox, the table.
  REQUIRE(owner->held_bytes() <= how.bound + how.streams * 8192 + (2U << 20));
  REQUIRE(owner->live_streams() <= how.streams);
  REQUIRE(owner.closings.size() <= 1);
}

}  // namespace

/// The first byte chooses the role and how the sinks behave; then pieces of 1 to 255 bytes, each
/// behind its length, where a length of 0 is a second of time and the owners' turn to act.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned mode = data[0];
  const options how{.streams = 16, .early = 16'384, .bound = 2 << 20, .move_after = 30'000};
  testing::bare_link link((mode & 1) == 0 ? role::server : role::client, how);
  link.owner.plan = [mode](testing::end_point& end) {
    end.to_send = (mode & 2) == 0 ? 100 : 100'000;
    end.finish_at_end = (mode & 4) != 0;
    end.room = (mode & 8) == 0 ? ~std::uint64_t{0} : 10;
  };
  if ((mode & 16) != 0) link.owner.answer_with.reset();
  if (link.owner.is_server) {
    for (const stream_kind kind : {stream_kind::tcp, stream_kind::http, stream_kind::udp}) {
      REQUIRE(link.owner.open(0, kind).has_value());
    }
  }
  link.hear();
  const bytes_view input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t length = std::to_integer<std::size_t>(input[at++]);
    if (length == 0) {
      link.tick();
      for (auto& [id, end] : link.owner.ends) {
        if (end->room != ~std::uint64_t{0}) end->room += 1000;
        end->drain();
        if (end->bulk_told > 0) link.owner->move(id, uuid::make());
        if (link.owner->suspect(link.now) && (id & 1) == 0) link.owner->reset(id, {});
      }
      link.hear();
      check(link.owner, how);
      continue;
    }
    const std::size_t part = std::min(length, input.size() - at);
    link.say(input.subspan(at, part));
    at += part;
    if ((mode & 32) != 0) link.hear();
  }
  link.hear();
  check(link.owner, how);
  link.owner->end_of_input(link.now);
  REQUIRE(link.owner->state() == phase::closed);
  for (auto& [id, end] : link.owner.ends) {
    end->room = ~std::uint64_t{0};
    end->drain();
  }
  REQUIRE(link.owner->held_streams() == 0 && link.owner->credit_ledger().used() == 0);
  return 0;
}
