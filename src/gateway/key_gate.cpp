#include "gateway/key_gate.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

asio::awaitable<identity::verdict> key_gate::ask(std::string key) {
  const digest which = sha256(key);
  if (const auto other = asked_.find(which); other != asked_.end()) {
    const auto shared = other->second;
    net::wakeup bell(on_.events());
    net::alarm late(on_.timers(), bell);
    late.set_in(patience_);
    shared->waiting.push_back(&bell);
    while (!shared->answer && !late.rang()) co_await bell.wait();
    std::erase(shared->waiting, &bell);
    co_return shared->answer.value_or(identity::verdict{});
  }
  const auto mine = std::make_shared<question>();
  asked_.emplace(which, mine);
  // Whoever waits is told even if this coroutine is cancelled.
  struct settle {
    ~settle() {
      table.erase(key);
      if (!asked->answer) asked->answer.emplace();
      for (auto* bell : asked->waiting) bell->ring();
    }
    std::map<digest, std::shared_ptr<question>>& table;
    const digest key;
    const std::shared_ptr<question> asked;
  } const at_the_end{asked_, which, mine};
  auto& keys = keys_;
  const auto answer = co_await pool_.run(
      [&keys, key = secret(std::move(key))] {
        return keys.check(key.reveal(), steady_clock::now());
      },
      patience_);
  mine->answer = answer ? *answer : identity::verdict{};
  co_return *mine->answer;
}

void key_gate::renew(std::string_view key) {
  if (!asked_.contains(sha256(key))) on_.tasks().spawn(ask_aside(std::string(key)));
}

asio::awaitable<void> key_gate::ask_aside(std::string key) {
  co_await ask(std::move(key));
}

}  // namespace frpx::gateway
