#include "library/client_engine.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "client/errc.hpp"
#include "client/proxylite/registration.hpp"
#include "core/names.hpp"
#include "library/log_callback.hpp"
#include "net/blocking_pool.hpp"
#include "net/error.hpp"
#include "net/resolver.hpp"

namespace frpx::library {

namespace asio = boost::asio;
namespace pl = wire::proxylite;

namespace {

errc kind_of(error_code why) {
  if (why == client::errc::port_not_allowed) return errc::port_not_allowed;
  if (why == client::errc::port_occupied) return errc::port_occupied;
  if (why == client::errc::token_needed) return errc::token_refused;
  if (why == client::errc::registration_refused) return errc::server_error;
  if (why == net::errc::late) return errc::timed_out;
  if (why.category() == net::make_error_code(net::errc::late).category() ||
      why.category() == boost::system::system_category()) {
    return errc::unreachable;
  }
  return errc::unexpected_answer;  // of the client, the link and the wire
}

error error_from(error_code why) {
  return {kind_of(why), why.message()};
}

bool is_text(std::string_view text, std::size_t longest) {
  return text.size() <= longest && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n';
         });
}

service_info info_from(const pl::service_info& from) {
  return {static_cast<std::uint16_t>(from.port),
          from.name,
          from.message,
          from.birth,
          from.deadline,
          from.online,
          from.capacity,
          from.already_serve,
          from.total_serve};
}

template <class T>
asio::awaitable<void> keep(std::shared_ptr<std::promise<result<T>>> promise,
                           asio::awaitable<result<T>> question) {
  promise->set_value(co_await std::move(question));
}

}  // namespace

class entry;

/// What is there while a client lives: one thread, and on it a registration for each live entry.
class client_engine::parts {
 public:
  parts(std::string server_address, client_options options);
  ~parts();

  void set_logger(logger to) { log_.redirect(as_callback(std::move(to))); }
  template <class T, class Ask>
  error ask(milliseconds timeout, Ask question, std::vector<T>& into);
  error register_service(const register_info& info, const control_info& control,
                         milliseconds timeout, std::shared_ptr<entry_state>& into);
  template <class Is>
  std::shared_ptr<entry_state> find(Is is_it) const;
  /// Any thread.
  void stop(std::uint64_t number);
  const std::string& token() const { return options_.token; }

 private:
  static asio::awaitable<void> live(parts* self, std::shared_ptr<entry> which,
                                    client::proxylite::settings how);
  static asio::awaitable<void> end_all(parts* self);
  error check(const register_info& info, client::proxylite::settings& how) const;
  void forget(const entry& which);
  client::proxylite::way way_there() { return {workers_.home(), names_, *server_}; }

  const std::string said_;  // the address as it was given
  const std::optional<pl::address> server_;
  const client_options options_;
  log::sink log_{nullptr};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{1, 64};
  net::resolver names_{blocking_};
  std::unordered_map<std::uint64_t, std::unique_ptr<client::proxylite::registration>>
      registrations_;  // touched by the worker alone
  std::atomic<std::uint64_t> last_number_{0};
  mutable std::mutex guard_;
  std::vector<std::shared_ptr<entry>> live_;  // behind guard_
};

/// What the handles of one registration see of it.
class entry final : public entry_state {
 public:
  entry(client_engine::parts& owner, std::uint64_t number, register_info info, control_info control)
      : number_(number),
        info_(std::move(info)),
        control_(control),
        opened_(first_.get_future()),
        done_(ended_.get_future().share()),
        owner_(&owner) {}

  const register_info& info() const override { return info_; }
  const control_info& control() const override { return control_; }
  std::shared_future<error> done() const override { return done_; }
  void cancel() override {
    const std::lock_guard held(guard_);
    if (owner_ == nullptr) return;
    cancelled_ = true;
    owner_->stop(number_);
  }

  /// Never used twice by one client.
  std::uint64_t number() const { return number_; }
  /// Whether the first try was decided within `timeout`, and how.
  std::optional<error> await_first(std::chrono::milliseconds timeout) {
    if (opened_.wait_for(timeout) != std::future_status::ready) return std::nullopt;
    return opened_.get();
  }

  // The client's worker.

  void is_open() {
    if (!std::exchange(decided_, true)) first_.set_value({});
  }
  void has_ended(error_code why) {
    {
      const std::lock_guard held(guard_);
      owner_ = nullptr;
    }
    error last = cancelled_ ? error(errc::cancelled)
                            : error(errc::tunnel_ended, "the tunnel has ended: " + why.message());
    if (!std::exchange(decided_, true)) first_.set_value(cancelled_ ? last : error_from(why));
    ended_.set_value(std::move(last));
  }

 private:
  const std::uint64_t number_;
  const register_info info_;
  const control_info control_;
  std::promise<error> first_;
  std::future<error> opened_;
  std::promise<error> ended_;
  const std::shared_future<error> done_;
  std::mutex guard_;
  client_engine::parts* owner_;  // null once it has ended
  std::atomic<bool> cancelled_{false};
  bool decided_ = false;
};

client_engine::parts::parts(std::string server_address, client_options options)
    : said_(std::move(server_address)),
      server_(pl::parse_dial_address(said_)),
      options_(std::move(options)) {
  workers_.start([this] { log_.take_this_thread(); });
}

client_engine::parts::~parts() {
  names_.stop();
  workers_.home().run_and_wait(end_all(this));
  workers_.stop();
}

asio::awaitable<void> client_engine::parts::end_all(parts* self) {
  std::vector<std::shared_ptr<entry>> all;
  {
    const std::lock_guard held(self->guard_);
    all = self->live_;
  }
  for (const auto& each : all) each->cancel();
  co_await self->workers_.home().tasks().join(steady_time::max());
}

template <class T, class Ask>
error client_engine::parts::ask(milliseconds timeout, Ask question, std::vector<T>& into) {
  if (!server_) return {errc::bad_argument, "\"" + shown(said_) + "\" is not HOST:PORT"};
  const auto answer = std::make_shared<std::promise<result<std::vector<T>>>>();
  workers_.home().post([this, answer, question, until = steady_clock::now() + timeout] {
    workers_.home().tasks().spawn(keep<std::vector<T>>(answer, question(way_there(), until)));
  });
  auto said = answer->get_future().get();
  if (!said) return error_from(said.error());
  into = std::move(*said);
  return {};
}

error client_engine::parts::check(const register_info& info,
                                  client::proxylite::settings& how) const {
  const auto inner = pl::parse_dial_address(info.inner_addr);
  if (!server_) return {errc::bad_argument, "\"" + shown(said_) + "\" is not HOST:PORT"};
  if (!inner) {
    return {errc::bad_argument,
            "the inner address \"" + shown(info.inner_addr) + "\" is not HOST:PORT"};
  }
  if (!is_text(info.name, pl::longest_line) || !is_text(info.message, pl::longest_remark)) {
    return {errc::bad_argument, "the name or message is too long, or holds control characters"};
  }
  if (info.outer_port == 0) return {errc::port_not_allowed, "0 is no outer port: ask for one"};
  how.server = *server_;
  how.inner = *inner;
  how.wish.info = {info.outer_port, info.inner_addr, info.name, info.message};
  how.wish.token = secret(options_.token);
  how.reconnect = options_.reconnect;
  return {};
}

error client_engine::parts::register_service(const register_info& info, const control_info& control,
                                             milliseconds timeout,
                                             std::shared_ptr<entry_state>& into) {
  client::proxylite::settings how;
  if (error wrong = check(info, how)) return wrong;
  how.wish.control = {control.max_serve_time, control.max_serve_conn, control.max_serve_count};
  how.connect = how.answer = timeout;
  const auto made = std::make_shared<entry>(*this, ++last_number_, info, control);
  {
    const std::lock_guard held(guard_);
    const bool is_taken = std::any_of(live_.begin(), live_.end(), [&](const auto& each) {
      return each->info().outer_port == info.outer_port;
    });
    if (is_taken) return error(errc::already_registered);
    live_.push_back(made);
  }
  workers_.home().post(
      [this, made, how = std::move(how)] { workers_.home().tasks().spawn(live(this, made, how)); });
  const auto first = made->await_first(timeout);
  if (!first) {
    made->cancel();
    return error(errc::timed_out);
  }
  if (*first) return *first;
  into = made;
  return {};
}

asio::awaitable<void> client_engine::parts::live(parts* self, std::shared_ptr<entry> which,
                                                 client::proxylite::settings how) {
  auto& mine = self->registrations_[which->number()];
  mine = std::make_unique<client::proxylite::registration>(
      self->workers_.home(), self->names_, std::move(how), [which](error_code failed) {
        if (!failed) which->is_open();
      });
  const error_code why = co_await mine->run();
  self->registrations_.erase(which->number());
  self->forget(*which);
  which->has_ended(why);
}

void client_engine::parts::forget(const entry& which) {
  const std::lock_guard held(guard_);
  std::erase_if(live_, [&](const auto& each) { return each.get() == &which; });
}

void client_engine::parts::stop(std::uint64_t number) {
  workers_.home().post([this, number] {
    const auto found = registrations_.find(number);
    if (found != registrations_.end()) found->second->stop();
  });
}

template <class Is>
std::shared_ptr<entry_state> client_engine::parts::find(Is is_it) const {
  const std::lock_guard held(guard_);
  const auto found = std::find_if(live_.begin(), live_.end(),
                                  [&](const auto& each) { return is_it(each->info()); });
  return found == live_.end() ? nullptr : *found;
}

client_engine::client_engine(std::string server_address, client_options options)
    : parts_(std::make_unique<parts>(std::move(server_address), std::move(options))) {}

client_engine::~client_engine() = default;

void client_engine::set_logger(logger to) {
  parts_->set_logger(std::move(to));
}

error client_engine::available_ports(milliseconds timeout, std::vector<std::uint16_t>& into) {
  std::vector<std::uint32_t> said;
  const auto question = [token = secret(parts_->token())](client::proxylite::way to,
                                                          steady_time until) {
    return client::proxylite::ask_free_ports(to, token, until);
  };
  if (error failed = parts_->ask(timeout, question, said)) return failed;
  for (const std::uint32_t each : said) into.push_back(static_cast<std::uint16_t>(each));
  return {};
}

error client_engine::active_services(std::string_view prefix, milliseconds timeout,
                                     std::vector<service_info>& into) {
  std::vector<pl::service_info> said;
  const auto question = [prefix = std::string(prefix), token = secret(parts_->token())](
                            client::proxylite::way to, steady_time until) {
    return client::proxylite::ask_services(to, prefix, token, until);
  };
  if (error failed = parts_->ask(timeout, question, said)) return failed;
  std::transform(said.begin(), said.end(), std::back_inserter(into), info_from);
  return {};
}

error client_engine::register_service(const register_info& info, const control_info& control,
                                      milliseconds timeout, std::shared_ptr<entry_state>& into) {
  return parts_->register_service(info, control, timeout, into);
}

std::shared_ptr<entry_state> client_engine::entry_by_name(std::string_view name) const {
  return parts_->find([&](const register_info& each) { return each.name == name; });
}

std::shared_ptr<entry_state> client_engine::entry_by_port(std::uint16_t outer_port) const {
  return parts_->find([&](const register_info& each) { return each.outer_port == outer_port; });
}

}  // namespace frpx::library
