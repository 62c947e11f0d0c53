// Two honest machines, whatever their owners do and however the wire behaves: credit is exact, no
// byte is lost, doubled or out of order, and everything ends when the wire is well again.
#include <set>

#include "tests/fuzz/require.hpp"
#include "tests/support/link_pair.hpp"

namespace {

using namespace frpx;
using namespace frpx::link;
using namespace std::chrono_literals;

/// The operations that the input spells, two bytes each: what, and with what number.
class play {
 public:
  play() : link_({.streams = 24, .early = 16'384, .bound = 4 << 20}) {
    link_.server.plan = [](testing::end_point& end) { end.finish_at_end = false; };
    link_.client.plan = [this](testing::end_point& end) {
      end.finish_at_end = false;
      end.to_send = number_ * 300;
      if (number_ % 3 == 0) end.room = number_ * 10;
    };
  }

  void perform(unsigned what, unsigned number) {
    number_ = number;
    switch (what % 16) {
      case 0:
        open();
        break;
      case 1:
        more(link_.server);
        break;
      case 2:
        more(link_.client);
        break;
      case 3:
        finish(link_.server);
        break;
      case 4:
        finish(link_.client);
        break;
      case 5:
        reset(link_.server);
        break;
      case 6:
        reset(link_.client);
        break;
      case 7:
        take(link_.server);
        break;
      case 8:
        take(link_.client);
        break;
      case 9:
        link_.run(std::chrono::microseconds(number * 200));
        break;
      case 10:
        link_.run(std::chrono::milliseconds(number * 20));
        break;
      case 11:
        weather(link_.down);
        break;
      case 12:
        weather(link_.up);
        break;
      case 13:
        move();
        break;
      case 14:
        answer();
        break;
      default:
        datagrams();
        break;
    }
    link_.flush();
    check();
  }

  /// Good weather, open sinks, everything finished: nothing may be left.
  void finish_all() {
    for (testing::wire* each : {&link_.down, &link_.up}) {
      each->slice = 0;
      each->room = 1 << 20;
    }
    link_.client.answer_with = open_status::connected;
    for (const stream_id id : std::exchange(waiting_, {})) connect(id);
    for (testing::side* side : {&link_.server, &link_.client}) {
      for (auto& [id, end] : side->ends) {
        end->room = ~std::uint64_t{0};
        end->drain();
        end->finish_at_end = true;
        if (!moved_.contains(id)) end->pump();
        if (is_udp(id)) (*side)->reset(id, {});
      }
    }
    link_.run(8s);
    for (const stream_id id : std::exchange(waiting_, {})) connect(id);
    for (auto& [id, end] : link_.client.ends) {
      end->finish_at_end = true;
      end->room = ~std::uint64_t{0};
      end->drain();
      if (!moved_.contains(id)) end->pump();
    }
    link_.run(30s);
    check();
    REQUIRE(link_.server->held_streams() == 0 && link_.client->held_streams() == 0);
    REQUIRE(link_.server->credit_ledger().used() == 0);
    REQUIRE(link_.client->credit_ledger().used() == 0);
  }

 private:
  bool is_udp(stream_id id) const { return udp_.contains(id); }
  testing::end_point* pick(testing::side& of) {
    if (of.ends.empty()) return nullptr;
    auto found = of.ends.lower_bound(static_cast<stream_id>(1 + number_ % of.ends.size()));
    if (found == of.ends.end()) found = of.ends.begin();
    return found->second.get();
  }
  void open() {
    const bool udp = number_ % 7 == 6;
    link_.client.answer_with =
        number_ % 5 == 4 && !udp ? std::nullopt : std::optional(open_status::connected);
    const auto id =
        link_.server.open(udp ? 0 : number_ * 200, udp ? stream_kind::udp : stream_kind::tcp);
    if (!id) return;
    if (udp) udp_.insert(*id);
    waiting_.push_back(*id);
  }
  void more(testing::side& of) {
    testing::end_point* end = pick(of);
    if (end == nullptr || is_udp(end->id) || end->finished || moved_.contains(end->id)) return;
    end->to_send += number_ * 200;
    end->pump();
  }
  void finish(testing::side& of) {
    testing::end_point* end = pick(of);
    if (end == nullptr || is_udp(end->id) || moved_.contains(end->id)) return;
    end->finish_at_end = true;
    end->pump();
  }
  void reset(testing::side& of) {
    testing::end_point* end = pick(of);
    if (end == nullptr || number_ % 4 != 0) return;
    of->reset(end->id, reset_code::by_the_end);
    end->was_reset = reset_code::by_the_end;
    if (!moved_.contains(end->id)) return;
    // The own connection is reset as well, which the other side sees.
    testing::side& other = of.is_server ? link_.client : link_.server;
    other->reset(end->id, reset_code::own_connection_lost);
    other.at(end->id).was_reset = reset_code::own_connection_lost;
  }
  void take(testing::side& of) {
    testing::end_point* end = pick(of);
    if (end == nullptr || end->room == ~std::uint64_t{0}) return;
    end->room += number_ * 100;
    end->drain();
  }
  void weather(testing::wire& wire) {
    wire.slice = number_ % 5 == 0 ? 0 : 20 + number_ * 20;
    wire.delay = std::chrono::microseconds(number_ * 50);
    wire.room = 200 + number_ * number_ * 4;
  }
  void connect(stream_id id) {
    const auto found = link_.client.ends.find(id);
    if (moved_.contains(id)) return;
    if (found == link_.client.ends.end() || found->second->may_send) {
      if (found == link_.client.ends.end()) waiting_.push_back(id);
      return;
    }
    testing::end_point& end = *found->second;
    end.may_send = true;
    end.note(
        link_.client->opened(id, number_ % 6 == 5 ? open_status::refused : open_status::connected));
    if (number_ % 6 == 5) end.was_reset = reset_code::cancelled;
    end.drain();
    end.pump();
  }
  void answer() {
    for (const stream_id id : std::exchange(waiting_, {})) connect(id);
  }
  /// A whole move, with time between its steps.
  void move() {
    testing::end_point* end = pick(link_.server);
    if (end == nullptr || !link_.server->move(end->id, uuid::make())) return;
    const stream_id id = end->id;
    const auto pause = [&] { link_.run(std::chrono::microseconds(number_ * 100)); };
    link_.run_until([&] { return link_.client.at(id).asked_to_move.has_value(); }, 500ms);
    if (number_ % 8 == 7 || !link_.server->may_move(id)) return;
    const auto down = *link_.server->framed(id);
    link_.server->move_sent(id);
    moved_.insert(id);
    end->may_send = false;
    pause();
    testing::end_point& service = link_.client.at(id);
    const auto known = link_.client->move_received(id, down);
    if (!known) return link_.server->move_lost(id);
    service.note(*known);
    pause();
    const auto up = link_.client->framed(id);
    if (!up) return link_.server->move_lost(id);
    link_.client->move_sent(id);
    service.may_send = false;
    pause();
    if (const auto last = link_.server->move_received(id, *up)) end->note(*last);
  }
  void datagrams() {
    for (const stream_id id : udp_) {
      const std::vector<std::byte> datagram(number_ * 200);
      for (unsigned i = 0; i < 1 + number_ % 9; ++i) link_.server->send_datagram(id, datagram);
    }
  }
  void check() {
    for (testing::side* side : {&link_.server, &link_.client}) {
      REQUIRE((*side)->state() == phase::open && side->closings.empty());
      REQUIRE((*side)->promised() <= (*side)->credit_ledger().used());
      REQUIRE((*side)->credit_ledger().used() <= 4U << 20);
      for (const auto& [id, end] : side->ends) REQUIRE(end->exact);
    }
    for (const auto& [id, visitor] : link_.server.ends) {
      const auto found = link_.client.ends.find(id);
      if (found == link_.client.ends.end()) continue;
      testing::end_point& service = *found->second;
      REQUIRE(service.got <= visitor->sent && visitor->got <= service.sent);
      const auto s = link_.server->look(id);
      const auto c = link_.client->look(id);
      if (!s || !c || moved_.contains(id)) continue;
      if (!visitor->finished) REQUIRE(s->credit + s->framed <= c->window + c->received);
      if (!service.finished) REQUIRE(c->credit + c->framed <= s->window + s->received);
      if (service.ended) REQUIRE(service.got == visitor->sent);
      if (visitor->ended) REQUIRE(visitor->got == service.sent);
    }
  }

  testing::pair link_;
  unsigned number_ = 0;
  std::vector<stream_id> waiting_;
  std::set<stream_id> moved_;
  std::set<stream_id> udp_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  play game;
  for (std::size_t at = 0; at + 1 < std::min<std::size_t>(size, 400); at += 2) {
    game.perform(data[at], data[at + 1]);
  }
  game.finish_all();
  return 0;
}
