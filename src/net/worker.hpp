// A thread with its own event loop, and the set of them.
#pragma once

#include <boost/asio/co_spawn.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/random.hpp"
#include "net/buffer.hpp"
#include "net/handoff.hpp"
#include "net/loop.hpp"
#include "net/relay.hpp"
#include "net/task_group.hpp"
#include "net/udp_batches.hpp"

namespace frpx::net {

/// Everything that one thread shares among its connections. A connection belongs to one worker from
/// its accept to its end; other threads reach it through `post` and `call` only.
class worker {
 public:
  explicit worker(std::size_t index);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker();

  std::size_t index() const { return index_; }
  net::loop& loop() { return loop_; }
  poller& events() { return loop_.events(); }
  net::timers& timers() { return loop_.timers(); }
  task_group& tasks() { return tasks_; }
  quick_random& random() { return random_; }
  buffer_pool& buffers() { return buffers_; }
  relay_set& relays() { return relays_; }
  udp_batches& udp() { return udp_; }
  /// 256 KiB that whoever runs may use until it returns to the loop.
  bytes_span scratch() { return {scratch_.get(), scratch_size}; }

  /// Runs `f` on this worker, soon; from any thread.
  template <class F>
  void post(F f) {
    posts_.fetch_add(1, std::memory_order_relaxed);
    loop_.post(std::move(f));
  }
  /// Runs `f` on this worker: at once when it is the one that calls, else as `post` does.
  template <class F>
  void run_here_or_post(F f) {
    if (loop_.is_here()) {
      f();
    } else {
      post(std::move(f));
    }
  }
  /// Runs `f` on this worker and gives its result to the coroutine that asks, on the worker of that
  /// coroutine. `errc::late` when no answer came within `patience` (what `f` does is then lost, so
  /// it must not hand over ownership); `f` may run after the asking coroutine has gone, so it owns
  /// or copies what it uses.
  template <class F>
  boost::asio::awaitable<answer_t<std::invoke_result_t<F&>>> call(F f,
                                                                  steady_clock::duration patience) {
    posts_.fetch_add(1, std::memory_order_relaxed);
    return hand_off<F>([this](auto run) { loop_.post(std::move(run)); }, std::move(f), patience);
  }
  /// From a thread that is no worker: runs `coroutine` here and waits for its end. For starting and
  /// stopping; an exception of the coroutine is thrown here.
  void run_and_wait(boost::asio::awaitable<void> coroutine);
  /// How often other threads were in need of this one: 0 per request in the steady state.
  std::uint64_t posts() const { return posts_.load(std::memory_order_relaxed); }

  /// How many connections are placed on it now (`placement`). Any thread.
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }

 private:
  friend class worker_pool;
  friend class placement;
  static constexpr std::size_t scratch_size = 256 * 1024;

  void start(const std::function<void()>& on_thread);
  void stop();

  const std::size_t index_;
  std::atomic<std::size_t> load_{0};  // before the loop, in which a placement may still stand
  net::loop loop_;
  task_group tasks_;
  quick_random random_;
  buffer_pool buffers_;
  std::unique_ptr<std::byte[]> scratch_;
  relay_set relays_;
  udp_batches udp_;
  std::atomic<std::uint64_t> posts_{0};
  std::thread thread_;
};

/// One connection's part of the load of its worker. It is taken when the worker is chosen, before
/// the worker hears of the connection, so that a burst of connections spreads over all of them; and
/// returned when this is destroyed. Any thread; the worker outlives it.
class placement {
 public:
  placement() = default;
  explicit placement(worker& on) : on_(&on) { on.load_.fetch_add(1, std::memory_order_relaxed); }
  placement(placement&& other) noexcept : on_(std::exchange(other.on_, nullptr)) {}
  placement& operator=(placement&& other) noexcept {
    std::swap(on_, other.on_);
    return *this;
  }
  ~placement() {
    if (on_ != nullptr) on_->load_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  worker* on_ = nullptr;
};

/// The workers of a program. Worker 0 is also the home of the control plane: sessions, the registry
/// and the API live there.
class worker_pool {
 public:
  /// `count` from 1 to 64.
  explicit worker_pool(std::size_t count);
  ~worker_pool();

  std::size_t size() const { return workers_.size(); }
  worker& at(std::size_t index) { return *workers_.at(index); }
  worker& home() { return *workers_.front(); }
  worker& least_loaded();

  /// Starts a thread for each worker; SIGPIPE is blocked in them, for splice raises it. Each thread
  /// calls `on_thread` first, if it is given.
  void start(const std::function<void()>& on_thread = nullptr);
  /// Ends and joins all threads. Whoever spawned work has joined it before.
  void stop();

 private:
  std::vector<std::unique_ptr<worker>> workers_;
};

}  // namespace frpx::net
