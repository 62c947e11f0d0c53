#include "client/proxylite/registration.hpp"

#include "client/errc.hpp"
#include "client/local_dial.hpp"
#include "core/counted.hpp"
#include "link/errc.hpp"
#include "link/proxylite/link_options.hpp"
#include "net/error.hpp"

namespace frpx::client::proxylite {

namespace asio = boost::asio;
namespace pl = wire::proxylite;

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t credit_bound = 1ull << 28;  // promised on the link, in bytes
constexpr auto proven = 10s;  // a tunnel that lived so long shows that the server is well

error_code error_of(std::int32_t code) {
  switch (static_cast<pl::register_code>(code)) {
    case pl::register_code::ok:
      return {};
    case pl::register_code::not_allowed:
      return errc::port_not_allowed;
    case pl::register_code::occupied:
      return errc::port_occupied;
    case pl::register_code::server_error:
      break;
  }
  return errc::registration_refused;
}

// Nobody watches the stream any more once this goes.
class unwatched {
 public:
  explicit unwatched(net::stream& what) : what_(what) {}
  unwatched(const unwatched&) = delete;
  ~unwatched() { what_.watch(nullptr); }

 private:
  net::stream& what_;
};

}  // namespace

registration::registration(net::worker& on, net::resolver& names, settings how, told on_try)
    : on_(on),
      names_(names),
      settings_(std::move(how)),
      on_try_(std::move(on_try)),
      service_(names, settings_.inner.host, settings_.inner.port),
      receive_buffer_(
          std::make_unique_for_overwrite<std::byte[]>(link::proxylite::connection::receive_size)),
      credit_(credit_bound),
      relays_(on.loop(), on.buffers(), on.scratch()),
      joining_(on.loop()),
      asking_(on.loop()),
      bell_(on.events()),
      again_(on.timers(), bell_) {}

registration::~registration() = default;

asio::awaitable<error_code> registration::run() {
  bool was_there = false;
  error_code why;
  while (!stopping_) {
    const steady_time since = steady_clock::now();
    why = co_await attempt();
    was_there |= gone_.has_value();
    if (gone_ && steady_clock::now() - since >= proven) backoff_.reset();
    if (!stopping_) on_try_(why);
    if (!settings_.insist && !(settings_.reconnect && was_there)) break;
    if (!stopping_) co_await pause();
  }
  co_await joining_.join(steady_time::max());
  relays_.reset_all();
  co_await relays_.join(steady_time::max());
  co_return stopping_ ? error_code() : why;
}

void registration::stop() {
  if (std::exchange(stopping_, true)) return;
  asking_.cancel();
  if (segments_) segments_->end();
  if (link_) link_->end(link::goaway_code::session_over);
  bell_.ring();
}

asio::awaitable<void> registration::pause() {
  again_.set_in(backoff_.next(on_.random()));
  while (!again_.rang() && !stopping_) co_await bell_.wait();
}

// Asks in a task of its own, which `stop` may cancel, for a server may take its time to answer.
asio::awaitable<error_code> registration::attempt() {
  gone_.reset();
  std::optional<error_code> asked;
  asking_.spawn(register_service(this, &asked));
  co_await asking_.join(steady_time::max());
  if (!asked) co_return make_error_code(errc::server_ended);  // it was cancelled
  if (*asked) co_return *asked;
  if (!stopping_) on_try_({});
  while (!gone_) co_await bell_.wait();
  joining_.cancel();
  co_await joining_.join(steady_time::max());
  relays_.reset_all();
  segments_.reset();
  link_.reset();
  co_return *gone_;
}

asio::awaitable<void> registration::register_service(registration* self,
                                                     std::optional<error_code>* answer) {
  *answer = co_await self->ask_for_tunnel();
}

asio::awaitable<error_code> registration::ask_for_tunnel() {
  const steady_time until = steady_clock::now() + settings_.connect;
  const way to{on_, names_, settings_.server};
  auto with = co_await connect(to, pl::longest_question, until);
  if (!with) co_return with.error();
  pl::register_service wish = settings_.wish;
  if (settings_.offers_links) wish.capabilities = {std::string(pl::capability_link)};
  if (const auto failed = co_await (*with)->send(pl::encode(wish), settings_.answer)) {
    co_return failed;
  }
  auto answer = co_await (*with)->receive(settings_.answer);
  if (!answer) co_return answer.error();
  const auto* said = std::get_if<pl::registered>(&*answer);
  if (said == nullptr) co_return make_error_code(errc::no_answer);
  if (const error_code refused = error_of(said->code)) co_return refused;
  begin_tunnel(**with, *said);
  co_return error_code();
}

void registration::begin_tunnel(link::proxylite::conversation& with, const pl::registered& answer) {
  const bytes_span buffer(receive_buffer_.get(), link::proxylite::connection::receive_size);
  const auto rest = with.behind();
  const std::vector<std::byte> behind(rest.begin(), rest.end());
  const bool by_link = settings_.offers_links && !answer.capabilities.empty() &&
                       answer.capabilities.front() == pl::capability_link;
  if (by_link) {
    link_ = std::make_unique<link::connection>(on_, with.release(), link::role::client,
                                               link::proxylite::link_options(credit_), buffer,
                                               owns_, *this);
    link_->start(behind);
  } else {
    segments_ = std::make_unique<link::proxylite::connection>(
        on_, with.release(), link::proxylite::role::client, link::proxylite::options(), buffer,
        *this);
    segments_->start(behind);
  }
}

void registration::tunnel_gone(error_code why) {
  gone_ = why ? why : make_error_code(errc::server_ended);
  bell_.ring();
}

// --- visitors ------------------------------------------------------------------------------------

// A stream that is dropped is refused, which its visitor sees as a clean end.
void registration::on_tunnel_stream(std::unique_ptr<link::proxylite::segment_stream> stream) {
  if (!stopping_) joining_.spawn(join(std::move(stream), nullptr));
}

std::optional<link::open_status> registration::on_link_stream(
    link::connection&, std::unique_ptr<link::linked_stream> stream, const link::open_request&) {
  if (stopping_) return link::open_status::draining;
  link::linked_stream* const waits = stream.get();
  joining_.spawn(join(std::move(stream), waits));
  return std::nullopt;
}

// Connects to the inner service and joins the two. A link's stream waits for a word how it went.
asio::awaitable<void> registration::join(std::unique_ptr<net::stream> visitor,
                                         link::linked_stream* waits_for_word) {
  const counted one(connecting_);
  auto service = co_await reach_service(visitor.get());
  if (!service) {
    if (trouble_.pass()) {
      log::warn("Cannot reach the inner service {}:{}: {}{}", service_.host(), service_.port(),
                service.error().message(), trouble_.more());
    }
    if (waits_for_word != nullptr) {
      waits_for_word->answer(service.error() == net::errc::late ? link::open_status::timed_out
                                                                : link::open_status::refused);
    }
    co_return;
  }
  net::tune_stream((*service)->descriptor());
  if (waits_for_word != nullptr) waits_for_word->answer(link::open_status::connected);
  relays_.start(std::move(visitor), std::move(*service));
}

asio::awaitable<result<std::unique_ptr<net::socket>>> registration::reach_service(
    net::stream* visitor) {
  net::wakeup bell(on_.events());
  net::stream_watch watch(bell);
  visitor->watch(&watch);
  const unwatched at_the_end(*visitor);
  turnstile::turn mine(connects_, bell);
  if (!co_await mine.comes(on_.timers(), settings_.local_connect)) {
    co_return make_error_code(net::errc::late);
  }
  local_dial to_service(on_, bell, service_, settings_.local_connect);
  if (const error_code failed = co_await to_service.start()) co_return failed;
  for (auto now = to_service.step(); now != dial::state::connected; now = to_service.step()) {
    if (visitor->error()) co_return visitor->error();
    if (now == dial::state::connecting) {
      co_await bell.wait();
    } else if (!co_await to_service.start_again()) {
      co_return to_service.error();
    }
  }
  co_return to_service.take();
}

}  // namespace frpx::client::proxylite
