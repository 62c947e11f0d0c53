// Two link machines joined by nothing: what an exchange costs without sockets.
#include <array>
#include <vector>

#include "bench/micro/counted.hpp"
#include "link/machine.hpp"

namespace frpx::link {
namespace {

using bench::counted;

// A stream's owner that takes all and counts.
struct sink final : stream_events {
  std::size_t on_data(stream_id, bytes_view bytes) override {
    got += bytes.size();
    return bytes.size();
  }
  void on_end(stream_id) override {}
  void on_reset(stream_id, reset_code) override {}
  void on_writable(stream_id) override {}
  std::uint64_t got = 0;
};

struct owner final : link_events {
  acceptance on_open(const open_request& request) override {
    last = request.id;
    return {&streams, open_status::connected};
  }
  void on_goaway(goaway_code) override {}
  void on_closed(error_code) override {}
  sink streams;
  stream_id last = 0;
};

class joined {
 public:
  joined() { settle(); }

  // Carries all that either side has to say.
  void settle() {
    while (carry(server, client) || carry(client, server)) {
    }
  }
  stream_id open() {
    const auto id =
        server.open(stream_kind::http, "default", "192.0.2.1:5000", server_owner.streams);
    settle();
    return id ? *id : 0;
  }

  steady_time now{};
  owner server_owner;
  owner client_owner;
  machine server{role::server, {}, server_owner, now};
  machine client{role::client, {}, client_owner, now};

 private:
  bool carry(machine& from, machine& to) {
    std::array<iovec, 12> parts;
    const std::size_t filled = from.gather(parts, now);
    std::size_t size = 0;
    for (std::size_t i = 0; i < filled; ++i) {
      to.receive({static_cast<const std::byte*>(parts[i].iov_base), parts[i].iov_len}, now);
      size += parts[i].iov_len;
    }
    if (size != 0) from.wrote(size);
    return size != 0;
  }
};

// A request and its answer on each of so many open streams.
void small_exchanges(benchmark::State& state) {
  joined link;
  std::vector<stream_id> ids;
  for (std::int64_t i = 0; i < state.range(0); ++i) ids.push_back(link.open());
  const std::vector<std::byte> message(100);
  const auto exchange = [&] {
    for (const stream_id id : ids) link.server.send(id, message);
    link.settle();
    for (const stream_id id : ids) link.client.send(id, message);
    link.settle();
  };
  for (int i = 0; i < 1000; ++i) exchange();
  {
    const counted each(state);
    for (auto _ : state) exchange();
  }
  if (link.server_owner.streams.got < message.size()) state.SkipWithError("nothing came back");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(small_exchanges)->Arg(1)->Arg(64);

// A stream opened, a request and its answer on it, both directions ended.
void short_streams(benchmark::State& state) {
  joined link;
  const std::vector<std::byte> message(100);
  const auto exchange = [&] {
    const stream_id id = link.open();
    link.server.send(id, message);
    link.server.finish(id);
    link.settle();
    link.client.send(id, message);
    link.client.finish(id);
    link.settle();
  };
  for (int i = 0; i < 1000; ++i) exchange();
  {
    const counted each(state);
    for (auto _ : state) exchange();
  }
  if (link.server.live_streams() != 0) state.SkipWithError("a stream is left");
}
BENCHMARK(short_streams);

}  // namespace
}  // namespace frpx::link
