#include "net/worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <future>
#include <string>

namespace frpx::net {

worker::worker(std::size_t index)
    : index_(index),
      tasks_(loop_),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(scratch_size)),
      relays_(loop_, buffers_, scratch()),
      udp_(loop_.events()) {}

worker::~worker() = default;

void worker::start(const std::function<void()>& on_thread) {
  thread_ = std::thread([this, on_thread] {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    if (on_thread) on_thread();
    loop_.run();
  });
}

void worker::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void worker::run_and_wait(boost::asio::awaitable<void> coroutine) {
  std::promise<void> done;
  const auto tell = [&done](std::exception_ptr failure) {
    if (failure) {
      done.set_exception(failure);
    } else {
      done.set_value();
    }
  };
  loop_.post([this, tell, started = std::move(coroutine)]() mutable {
    loop_.spawn(std::move(started), tell);
  });
  done.get_future().get();
}

worker_pool::worker_pool(std::size_t count) {
  assert(count >= 1 && count <= 64);
  for (std::size_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<worker>(i));
}

worker_pool::~worker_pool() {
  stop();
}

worker& worker_pool::least_loaded() {
  const auto least = std::min_element(
      workers_.begin(), workers_.end(),
      [](const auto& left, const auto& right) { return left->load() < right->load(); });
  return **least;
}

void worker_pool::start(const std::function<void()>& on_thread) {
  for (auto& each : workers_) each->start(on_thread);
}

void worker_pool::stop() {
  for (auto& each : workers_) each->stop();
}

}  // namespace frpx::net
