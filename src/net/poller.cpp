#include "net/poller.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <utility>

namespace frpx::net {
namespace {

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  return fd;
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

poller::poller(boost::asio::io_context& context)
    : context_(context), waiting_(context, make_epoll()), epoll_(waiting_.native_handle()) {
  arm();
}

poller::~poller() {
  while (!tasks_.empty()) tasks_.front().unlink();
  while (!flushes_.empty()) flushes_.front().unlink();
  while (!later_.empty()) later_.front().unlink();
}

bool poller::add(int fd, source& by) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  event.data.ptr = &by;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void poller::remove(int fd, source& by) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &by) events_[i].data.ptr = nullptr;
  }
}

void poller::stop() {
  waiting_.close();
}

void poller::arm() {
  waiting_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](boost::system::error_code failed) {
                        if (failed) return;
                        dispatch();
                        if (waiting_.is_open()) arm();
                      });
}

// One batch; when it was full the descriptor is still readable, and Asio calls again after its
// other work had a turn.
void poller::dispatch() {
  running_ = true;
  const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(batch), 0);
  event_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (next_event_ = 0; next_event_ < event_count_;) {
    const epoll_event& event = events_[next_event_++];
    if (event.data.ptr != nullptr) static_cast<source*>(event.data.ptr)->on_events(event.events);
  }
  event_count_ = 0;
  run_scheduled();
}

void poller::run_scheduled() {
  running_ = true;
  while (!tasks_.empty() || !flushes_.empty()) {
    task& what = tasks_.empty() ? flushes_.front() : tasks_.front();
    what.unlink();
    what.run();
  }
  running_ = false;
}

void poller::enqueue(ring& into, task& what) {
  if (what.scheduled()) return;
  into.push_back(what);
  if ((running_ && &into != &later_) || std::exchange(posted_, true)) return;
  boost::asio::post(context_, [this] {
    posted_ = false;
    tasks_.take_all(later_);
    run_scheduled();
  });
}

}  // namespace frpx::net
