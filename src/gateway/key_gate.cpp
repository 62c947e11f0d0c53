#include "gateway/key_gate.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

/// A question that is being asked. When it goes, whoever waits is told, even if its coroutine was
/// cancelled before the first step.
class key_gate::asking {
 public:
  asking(key_gate& by, const digest& which)
      : by_(by), which_(which), about_(std::make_shared<question>()) {
    by_.asked_.emplace(which_, about_);
  }
  asking(const asking&) = delete;
  asking& operator=(const asking&) = delete;
  ~asking() {
    by_.asked_.erase(which_);
    if (!about_->answer) about_->answer.emplace();
    for (auto* bell : about_->waiting) bell->ring();
  }

  const std::shared_ptr<question>& about() const { return about_; }

 private:
  key_gate& by_;
  const digest which_;
  const std::shared_ptr<question> about_;
};

/// A coroutine that waits for the answer, for as long as this stands in its frame.
class key_gate::waiter {
 public:
  waiter(question& of, net::wakeup& bell) : of_(of), bell_(bell) { of_.waiting.push_back(&bell_); }
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  ~waiter() { std::erase(of_.waiting, &bell_); }

 private:
  question& of_;
  net::wakeup& bell_;
};

asio::awaitable<identity::verdict> key_gate::ask(std::string key) {
  const digest which = sha256(key);
  const auto other = asked_.find(which);
  const auto about = other != asked_.end() ? other->second : begin(which, key);
  net::wakeup answered(on_.events());
  net::alarm late(on_.timers(), answered);
  const waiter mine(*about, answered);
  late.set_in(patience_);
  while (!about->answer && !late.rang()) co_await answered.wait();
  co_return about->answer.value_or(identity::verdict{});
}

void key_gate::renew(std::string_view key) {
  const digest which = sha256(key);
  if (!asked_.contains(which)) begin(which, key);
}

// In a coroutine of its own: whoever asked first may leave before the answer comes.
std::shared_ptr<key_gate::question> key_gate::begin(const digest& which, std::string_view key) {
  auto mine = std::make_unique<asking>(*this, which);
  auto about = mine->about();
  on_.tasks().spawn(find_out(std::move(mine), secret(std::string(key))));
  return about;
}

asio::awaitable<void> key_gate::find_out(std::unique_ptr<asking> mine, secret key) {
  auto& keys = keys_;
  const auto answer = co_await pool_.run(
      [&keys, key = std::move(key)] { return keys.check(key.reveal(), steady_clock::now()); },
      patience_);
  if (answer) mine->about()->answer = *answer;
}

}  // namespace frpx::gateway
