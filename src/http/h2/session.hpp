// A visitor's connection that speaks HTTP/2.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/h2/answer_reader.hpp"
#include "http/h2/flood_guard.hpp"
#include "http/h2/frame_counter.hpp"
#include "http/h2/stream.hpp"
#include "http/head.hpp"
#include "net/buffer.hpp"
#include "net/stream.hpp"
#include "net/timers.hpp"
#include "net/turn_budget.hpp"
#include "net/worker.hpp"

struct nghttp2_session;

namespace frpx::http::h2 {

/// How the connection of a visitor begins that speaks HTTP/2 by prior knowledge (RFC 9113, 3.4): to
/// a reader of HTTP/1 this looks like a request's head; the preface goes on behind it.
inline constexpr std::string_view preface_head = "PRI * HTTP/2.0\r\n\r\n";

struct options {
  head_limits head;                                ///< Of a request; what is larger gets 431.
  std::uint32_t streams = 128;                     ///< Requests at once.
  std::chrono::milliseconds request_head{10'000};  ///< From a head's first byte to its last.
  std::chrono::milliseconds idle{60'000};          ///< Without a request.
  std::chrono::milliseconds stalled{30'000};       ///< For the rest of an answer to be taken.
  /// Makes the answer to a request whose head is refused; without it, it is the envelope.
  std::string (*refuse)(std::string_view method, std::string_view target, int status) = nullptr;

  /// An answer's head is longer than a service's by what the gateway adds.
  head_limits answer_head() const {
    return {.head = 2 * head.head, .fields = field_table::capacity};
  }
};

/// Reads and writes the frames of one connection, with nghttp2, and makes of each request a stream
/// in HTTP/1.1 (stream.hpp) for who serves requests.
///
/// A visitor that reads slowly stops the sources of its own streams and nothing else: a stream
/// takes 40 KiB, the connection another 40 KiB, then writing blocks. What is sent to us is bounded
/// by 64 KiB for each stream, whose window opens as it is read; the connection's window opens at
/// once, so that one stream that is not read does not stop the others. Floods of frames that bring
/// nothing end the connection (flood_guard.hpp).
///
/// Belongs to one worker. Its owner keeps it and the connection until it has heard `on_over`, or
/// destroys it at any time, which breaks its streams.
class session final : private net::stream::watcher, private net::deadline {
 public:
  /// Called from the worker's loop, never from inside a call.
  class observer {
   public:
    /// A request. It is let go at once to refuse it; the visitor may then send it again.
    virtual void on_request(std::unique_ptr<net::stream> one) = 0;
    /// All is sent that will be; the connection may go.
    virtual void on_over() = 0;

   protected:
    ~observer() = default;
  };

  session(net::worker& on, net::stream& connection, const options& how, observer& by);
  ~session();

  /// Begins, once. `behind`: the bytes that were read already, the preface first.
  void start(bytes_view behind);
  /// No further request; over when those at hand have their answers. May be called again.
  void drain();
  bool is_over() const { return over_; }
  std::size_t streams() const { return streams_.size(); }

 private:
  friend class stream_state;
  struct callbacks;

  // What is done after the events at hand.
  struct chore final : net::poller::task {
    chore(session& of, void (session::*what)()) : owner(of), action(what) {}
    void run() override { (owner.*action)(); }
    session& owner;
    void (session::*action)();
  };

  // for its streams
  net::worker& worker() const { return on_; }
  const options& how() const { return how_; }
  void has_read(std::int32_t id, std::size_t payload);
  void has_written(std::int32_t id);
  void send_head(stream_state& of, const response_head& head);
  void reset(std::int32_t id, std::uint32_t code);
  bool is_stuck() const;

  void on_ready(net::stream::readiness what) override;
  void expired() override;
  void read();
  void receive(bytes_view bytes);
  void count_frames(bytes_view bytes);
  void charge_idle_frames();
  void announce();
  void flush();
  bool fill();
  void flush_soon() { on_.events().schedule_flush(flushing_); }
  void note(int cost);
  void end(std::uint32_t code);
  void lose();
  void be_over();

  net::worker& on_;
  net::stream& connection_;
  const options how_;
  observer& observer_;
  nghttp2_session* frames_ = nullptr;
  std::unordered_map<std::int32_t, std::unique_ptr<stream_state>> streams_;
  std::vector<std::unique_ptr<stream>> arrived_;
  field_list fields_;
  frame_counter counter_;
  int idle_frames_ = 0;  // that came and moved nothing, and are not charged yet
  flood_guard guard_;
  net::turn_budget share_;  // frames
  net::buffer out_;
  steady_time sent_;  // the last time that the connection took something
  chore flushing_{*this, &session::flush};
  chore reading_{*this, &session::read};
  bool draining_ = false;
  bool ending_ = false;
  bool flooded_ = false;
  bool over_ = false;
};

}  // namespace frpx::http::h2
