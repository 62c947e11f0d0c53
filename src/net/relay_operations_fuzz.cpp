// Lists of operations on a relay between two streams in memory. Whatever their order: bytes arrive
// in order, none is lost before a clean end, and every end is passed on as what it was.
#include <cstdint>
#include <optional>

#include "core/random.hpp"
#include "net/relay.hpp"
#include "net/worker.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::net {
namespace {

struct peer_model {
  test::memory_peer peer;
  std::string said;         // all that it ever sent
  std::size_t checked = 0;  // how much of what it took was compared
  bool finished = false;
  bool reset = false;
};

class model final : public relay::observer {
 public:
  explicit model(worker& on) : on_(on) {
    relay_ = &on_.relays().start(std::make_unique<test::memory_stream>(visitor_.peer),
                                 std::make_unique<test::memory_stream>(service_.peer), this);
  }
  ~model() {
    if (relay_ != nullptr) relay_->reset();
  }

  // Three bits say what, one which side, four how much.
  void operate(std::uint8_t code) {
    peer_model& side = code & 8 ? service_ : visitor_;
    const std::size_t amount = std::size_t{1} << (code >> 4);  // to 32 KiB, near a buffer's size
    switch (code & 7) {
      case 0:
      case 1:
        say(side, code & 1 ? amount : amount * 7);
        break;
      case 2:
      case 3:
        side.peer.make_room(code & 1 ? amount : amount * 5);
        break;
      case 4:
        side.peer.slice(amount);
        break;
      case 5:
        finish(side);
        break;
      case 6:
        settle();
        break;
      default:
        disturb(side, code >> 4);
    }
    check();
  }

  // Room for everything and an end on both sides must bring it to a clean end, unless it was reset.
  void conclude() {
    for (peer_model* side : {&visitor_, &service_}) {
      finish(*side);
      side->peer.slice(1 << 20);
      side->peer.make_room(std::size_t{1} << 40);
    }
    settle();
    check();
    REQUIRE(report_.has_value());
    REQUIRE(on_.relays().pipes().lent() == 0);
  }

 private:
  void say(peer_model& side, std::size_t amount) {
    if (side.finished || side.reset) return;
    // From one block of random bytes, at an offset that no two sayings are likely to share.
    static const std::string random = random_hex(160 * 1024);
    const auto text = std::string_view(random).substr(side.said.size() % 65521, amount);
    side.said += text;
    side.peer.send(text);
  }
  void finish(peer_model& side) {
    if (std::exchange(side.finished, true) || side.reset) return;
    side.peer.finish();
  }
  void disturb(peer_model& side, int how) {
    if (how == 1 && relay_ != nullptr) {
      cancelled_ = true;
      relay_->reset();
    } else if (how == 2) {
      side.reset = true;
      side.peer.reset();
    }
  }
  void settle() {
    while (on_.loop().turn(steady_time())) {
    }
  }

  void check() {
    check_direction(visitor_, service_);
    check_direction(service_, visitor_);
    if (!report_) return;
    REQUIRE(visitor_.peer.alone() && service_.peer.alone());
    REQUIRE(report_->from_visitor == service_.peer.taken().size());
    REQUIRE(report_->from_service == visitor_.peer.taken().size());
    if (report_->how == relay_end::finished) {
      REQUIRE(service_.peer.taken() == visitor_.said && visitor_.peer.taken() == service_.said);
      REQUIRE(!visitor_.peer.saw_reset() && !service_.peer.saw_reset());
      return;
    }
    REQUIRE(visitor_.peer.saw_reset() && service_.peer.saw_reset());
    REQUIRE(report_->how != relay_end::cancelled || cancelled_);
    REQUIRE(report_->how != relay_end::visitor_failed || visitor_.reset);
    REQUIRE(report_->how != relay_end::service_failed || service_.reset);
  }
  static void check_direction(const peer_model& from, peer_model& to) {
    const std::string_view taken = to.peer.taken();
    REQUIRE(taken.size() <= from.said.size());
    REQUIRE(
        std::string_view(from.said).substr(0, taken.size()).ends_with(taken.substr(to.checked)));
    to.checked = taken.size();
    const std::size_t read = from.said.size() - from.peer.unread();
    REQUIRE(read - taken.size() <= buffer_pool::block_size);
    if (to.peer.saw_end()) REQUIRE(from.finished && taken.size() == from.said.size());
  }

  void on_relay_end(relay& which, const relay_report& report) override {
    REQUIRE(&which == relay_ && !report_);
    relay_ = nullptr;
    report_ = report;
  }

  worker& on_;
  peer_model visitor_;
  peer_model service_;
  relay* relay_ = nullptr;
  std::optional<relay_report> report_;
  bool cancelled_ = false;
};

}  // namespace
}  // namespace frpx::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static frpx::net::worker on(0);
  frpx::net::model under_test(on);
  for (std::size_t i = 0; i < size && i < 256; ++i) under_test.operate(data[i]);
  under_test.conclude();
  return 0;
}
