#include "net/poller.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace frpx::net {
namespace {

unique_fd make_epoll() {
  unique_fd made(::epoll_create1(EPOLL_CLOEXEC));
  if (made) return made;
  throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
}

// For epoll_wait: rounded up, so that who waits for a moment does not wake before it.
int milliseconds_until(steady_time when) {
  if (when == steady_time::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

void poller::task::unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  next_ = previous_ = nullptr;
}

poller::ring::ring() {
  next_ = previous_ = this;
}
bool poller::ring::empty() const {
  return next_ == this;
}
poller::task& poller::ring::front() {
  return *next_;
}
void poller::ring::take_all(ring& from) {
  while (!from.empty()) {
    task& what = from.front();
    what.unlink();
    push_back(what);
  }
}
void poller::ring::push_back(task& what) {
  what.next_ = this;
  what.previous_ = previous_;
  previous_->next_ = &what;
  previous_ = &what;
}

poller::poller() : epoll_(make_epoll()) {}

poller::~poller() {
  while (!tasks_.empty()) tasks_.front().unlink();
  while (!flushes_.empty()) flushes_.front().unlink();
  while (!later_.empty()) later_.front().unlink();
}

bool poller::add(int fd, source& by) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  event.data.ptr = &by;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void poller::remove(int fd, source& by) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &by) events_[i].data.ptr = nullptr;
  }
}

bool poller::wait(steady_time until) {
  ++turn_;
  ring due;  // scheduled before for later than the events at hand
  due.take_all(later_);
  const bool waits = due.empty() && tasks_.empty() && flushes_.empty();
  const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(batch),
                                 waits ? milliseconds_until(until) : 0);
  event_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (next_event_ = 0; next_event_ < event_count_;) {
    const epoll_event& event = events_[next_event_++];
    if (event.data.ptr != nullptr) static_cast<source*>(event.data.ptr)->on_events(event.events);
  }
  event_count_ = 0;
  const bool ran = run_scheduled();
  tasks_.take_all(due);
  return run_scheduled() | ran | (count > 0);
}

bool poller::run_scheduled() {
  bool ran = false;
  while (!tasks_.empty() || !flushes_.empty()) {
    task& what = tasks_.empty() ? flushes_.front() : tasks_.front();
    what.unlink();
    what.run();
    ran = true;
  }
  return ran;
}

void poller::enqueue(ring& into, task& what) {
  if (!what.scheduled()) into.push_back(what);
}

}  // namespace frpx::net
