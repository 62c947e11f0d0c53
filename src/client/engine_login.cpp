// How an engine becomes a registered client.
#include "client/engine.hpp"

#include "core/log.hpp"
#include "core/names.hpp"
#include "wire/errc.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr steady_clock::duration save_patience = 2s;

// Whether a refused login is the fault of what was sent, as opposed to a server in trouble: all
// servers say one of these (docs/wire.md).
bool blames_credentials(std::string_view text) {
  return text.starts_with("Invalid ") || text == "User not found";
}

}  // namespace

/// Sends a question and waits for its answer; what else arrives is not awaited and skipped.
template <class Answer>
asio::awaitable<result<Answer>> engine::ask(control_channel& channel, wire::command question) {
  if (const error_code full = channel.send(question)) co_return full;
  for (;;) {
    if (const error_code failed = channel.flush()) co_return failed;
    auto received = channel.receive();
    if (!received && received.error() != wire::errc::unknown_command) co_return received.error();
    if (received && *received && std::holds_alternative<Answer>(**received)) {
      co_return std::get<Answer>(std::move(**received));
    }
    if (late_.rang()) co_return errc::server_silent;
    if (received && !*received) co_await bell_.wait();
  }
}

asio::awaitable<error_code> engine::log_in(control_channel& channel) {
  enter(state::logging_in);
  const bool by_token = may_use_token();
  std::vector<std::string> caps;
  if (!settings_.options.no_link) caps.emplace_back(wire::cap_link_1);
  if (!settings_.options.no_link) caps.emplace_back(wire::cap_choice_1);
  if (!settings_.options.no_link || !services_.empty()) caps.emplace_back(wire::cap_services_1);
  wire::command question;
  if (by_token) {
    question = wire::login_by_token{
        .token = settings_.token->token, .caps = std::move(caps), .instance = instance_};
  } else {
    question = wire::login{.email = settings_.options.email,
                           .pass = settings_.options.password,
                           .caps = std::move(caps),
                           .instance = instance_};
  }
  auto answer = co_await ask<wire::login_result>(channel, std::move(question));
  if (!answer) co_return answer.error();
  co_return co_await take_login(std::move(*answer), by_token);
}

asio::awaitable<error_code> engine::take_login(wire::login_result answer, bool by_token) {
  if (!answer.success) {
    said_ = shown(answer.error.value_or("no reason given"));
    if (said_ == wire::role_refusal) co_return errc::role_refused;
    if (!blames_credentials(said_)) co_return errc::login_refused;
    co_return by_token ? errc::token_refused : errc::credentials_refused;
  }
  log::info("Successfully logged in.");
  const auto names = [&](std::string_view cap) {
    return std::find(answer.caps.begin(), answer.caps.end(), cap) != answer.caps.end();
  };
  uses_links_ = !settings_.options.no_link && names(wire::cap_link_1);
  uses_choice_ = !settings_.options.no_link && names(wire::cap_choice_1);
  uses_services_ = names(wire::cap_services_1);
  if (answer.token && !answer.token->empty()) {
    co_await remember(std::move(*answer.token));
  } else if (by_token && settings_.token->server.empty()) {
    co_await remember(settings_.token->token);  // which server it belongs to is known now
  }
  co_return error_code();
}

asio::awaitable<void> engine::remember(secret token) {
  kept_token kept{std::move(token), server_, settings_.options.email};
  if (kept.email.empty() && settings_.token) kept.email = settings_.token->email;
  settings_.token = kept;
  const result<void> saved =
      co_await files_.run([file = settings_.options.token_file,
                           kept = std::move(kept)] { return save_token(file, kept); },
                          save_patience);
  if (!saved) {
    log::warn("Cannot keep the token in {}: {}", settings_.options.token_file.string(),
              saved.error().message());
  }
}

asio::awaitable<error_code> engine::enlist(control_channel& channel) {
  enter(state::registering);
  wire::register_client wish;
  wish.client_id = settings_.options.client_id;
  wish.serves_http = settings_.options.serves_http || !uses_services_;
  if (uses_choice_) {
    if (settings_.options.weight != 1) wish.weight = settings_.options.weight;
    if (settings_.options.max_inflight != 0) wish.max_inflight = settings_.options.max_inflight;
  } else if (settings_.options.weight != 1 || settings_.options.max_inflight != 0) {
    log::warn("{} neither --weight nor --max-inflight",
              settings_.options.no_link ? "With --no-link the server is told" : "The server knows");
  }
  const auto answer = co_await ask<wire::register_result>(channel, std::move(wish));
  if (!answer) co_return answer.error();
  if (!answer->success) {
    said_ = shown(answer->error.value_or("no reason given"));
    co_return said_ == "Client ID already in use" ? errc::id_in_use : errc::registration_refused;
  }
  log::info("Successfully registered with the server.");
  if (!uses_services_ && !services_.empty()) {
    log::warn("The server knows no services: none of them is reachable");
  }
  last_failure_.clear();
  enter(state::registered);
  co_return error_code();
}

}  // namespace frpx::client
