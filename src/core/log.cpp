#include "core/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/serialize.hpp>

#include <mutex>

#include "core/utf8.hpp"

namespace frpx::log {
namespace {

// The message as a JSON string, quoted and escaped.
class json_message final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& into) override {
    const std::string quoted = boost::json::serialize(
        boost::json::string_view(message.payload.data(), message.payload.size()));
    into.append(quoted.data(), quoted.data() + quoted.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<json_message>();
  }
};

}  // namespace

void write(level at, fmt::string_view text, fmt::format_args args) {
  spdlog::logger& to = here();
  if (!to.should_log(at)) return;
  fmt::basic_memory_buffer<char, 250> formatted;
  fmt::vformat_to(fmt::appender(formatted), text, args);
  const std::string_view line(formatted.data(), formatted.size());
  to.log(at, is_printable(line) ? line : std::string_view(printable(line)));
}

void start(level lowest, format form) {
  auto logger =
      std::make_shared<spdlog::logger>("frpx", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (form == format::json) {
    formatter->add_flag<json_message>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","message":%*})");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->set_level(lowest);
  logger->flush_on(level::debug);
  spdlog::set_default_logger(std::move(logger));
}

class sink::callback_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void redirect(callback to) {
    const std::lock_guard held(mutex_);
    to_ = std::move(to);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (to_) to_(message.level, {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

  callback to_;
};

sink::sink(callback to)
    : out_(std::make_shared<callback_sink>()),
      logger_(std::make_unique<spdlog::logger>("frpx", out_)) {
  redirect(std::move(to));
}

sink::~sink() = default;

void sink::redirect(callback to) {
  logger_->set_level(to ? level::debug : level::off);
  out_->redirect(std::move(to));
}

void sink::take_this_thread() {
  diverted = logger_.get();
}

bool rate_limit::pass() {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch())
          .count();
  if (second_.exchange(now, std::memory_order_relaxed) != now) {
    passed_.store(0, std::memory_order_relaxed);
  }
  if (passed_.fetch_add(1, std::memory_order_relaxed) < per_second_) return true;
  withheld_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

std::string rate_limit::more() {
  const auto withheld = withheld_.exchange(0, std::memory_order_relaxed);
  return withheld == 0 ? std::string() : fmt::format(" ({} more)", withheld);
}

}  // namespace frpx::log
