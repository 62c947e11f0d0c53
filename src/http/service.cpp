#include "http/service.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/log.hpp"
#include "core/names.hpp"
#include "http/api_error.hpp"
#include "http/body.hpp"
#include "http/date.hpp"
#include "net/linger.hpp"
#include "net/turn_budget.hpp"

namespace frpx::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t output_batch = 64 * 1024;  // answers of pipelined requests, in one write
constexpr std::size_t kept_memory = 16 * 1024;   // of each text, between requests
constexpr std::uint32_t turn_requests = 16;      // of a connection

// RFC 9110, 8.6 and 15: these have no body and say no length.
bool is_bodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

void append_number(std::string& to, std::uint64_t number, int base = 10) {
  char text[20];
  to.append(text, std::to_chars(text, text + sizeof text, number, base).ptr);
}

void append_header(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(": ").append(value).append("\r\n");
}

void clear(std::string& text) {
  text.clear();
  if (text.capacity() > kept_memory) text.shrink_to_fit();
}

}  // namespace

class service::connection {
 public:
  connection(service& owner, std::unique_ptr<net::stream> visitor, net::endpoint peer)
      : owner_(owner),
        peer_(peer),
        place_(owner.live_.insert(owner.live_.end(), this)),
        bell_(owner.worker_.events()),
        alarm_(owner.worker_.timers(), bell_),
        watch_(bell_),
        input_(owner.worker_.buffers()),
        requests_(owner.worker_.events(), turn_requests),
        visitor_(std::move(visitor)) {
    visitor_->watch(&watch_);
  }
  ~connection() { owner_.live_.erase(place_); }

  asio::awaitable<void> run();
  void drained() { bell_.ring(); }

 private:
  // What became of waiting for the visitor's bytes.
  enum class arrival { bytes, end, late, broken };

  // The request at hand; made anew for each, so that nothing of an earlier one can be seen.
  struct exchange {
    explicit exchange(const head_limits& limits) : scanner(limits) {}

    head_scanner scanner;
    request_head head;  // of head_text_
    body_decoder decoder;
    int refused = 0;          // the status, when it is not to be served
    bool keep_alive = false;  // another request may follow
    bool to_head = false;
  };

  asio::awaitable<bool> receive();
  asio::awaitable<arrival> receive_head();
  asio::awaitable<arrival> receive_body();
  asio::awaitable<arrival> fill();
  void take_head(std::size_t size);
  void refuse(int status);

  asio::awaitable<response> answer();
  asio::awaitable<void> send(response what);
  asio::awaitable<void> send_pieces(std::unique_ptr<body_source> source);
  void write_head(const response& what, bool chunked);
  void write_piece(std::string_view piece, bool chunked);
  asio::awaitable<void> flush();
  asio::awaitable<void> write(bytes_view bytes);

  const service_options& options() const { return owner_.options_; }

  service& owner_;
  const net::endpoint peer_;
  const std::list<connection*>::iterator place_;
  net::wakeup bell_;
  net::alarm alarm_;
  net::stream_watch watch_;
  net::buffer input_;
  net::turn_budget requests_;
  std::string output_;
  bool broken_ = false;  // nothing more can be read or written
  bool first_ = true;    // no request has come yet
  std::optional<exchange> now_;
  std::string head_text_;  // its memory, and the next one's
  std::string body_;

  std::unique_ptr<net::stream> visitor_;
};

asio::awaitable<void> service::connection::run() {
  while (!broken_ && co_await receive()) {
    co_await send(co_await answer());
    if (!now_->keep_alive) break;
  }
  if (!broken_) co_await flush();
  if (broken_) co_return;
  input_.release();
  alarm_.clear();
  co_await net::lingering_close(owner_.worker_, *visitor_, bell_, owner_.draining_,
                                options().linger);
}

// Reads one request. False when none came: the visitor has ended, or kept us waiting in vain.
asio::awaitable<bool> service::connection::receive() {
  now_.emplace(options().head);
  head_text_.clear();
  clear(body_);
  arrival came = co_await receive_head();
  if (came == arrival::bytes && now_->refused == 0) came = co_await receive_body();
  // Late within a request is told; silence between two is not.
  if (came == arrival::late && (!input_.empty() || !head_text_.empty())) refuse(408);
  broken_ |= came == arrival::broken;
  co_return came == arrival::bytes || now_->refused != 0;
}

asio::awaitable<service::connection::arrival> service::connection::receive_head() {
  bool begun = false;
  while (requests_.is_spent()) co_await bell_.next_turn();
  requests_.use(1);
  for (;;) {
    const auto size = now_->scanner.scan_request(as_text(input_.bytes()));
    if (!size) refuse(status_of(size.error()));
    if (size && *size) take_head(**size);
    if (!size || *size) co_return arrival::bytes;
    if (!output_.empty()) co_await flush();
    if (input_.empty()) {
      alarm_.set_in(first_ ? options().request_head : options().idle);
    } else if (!std::exchange(begun, true)) {
      alarm_.set_in(options().request_head);
    }
    if (const arrival came = co_await fill(); came != arrival::bytes) co_return came;
  }
}

// The head moves to memory of its own, so that its views stay good while the body comes in.
void service::connection::take_head(std::size_t size) {
  first_ = false;
  head_text_.assign(as_text(input_.bytes()).substr(0, size));
  input_.consume(size);
  if (const auto wrong = parse_request(head_text_, options().head, now_->head)) {
    return refuse(status_of(wrong));
  }
  now_->to_head = now_->head.method == "HEAD";
  now_->keep_alive = now_->head.keep_alive();
}

asio::awaitable<service::connection::arrival> service::connection::receive_body() {
  const std::size_t limit = options().body_limit;
  if (now_->head.body.length > limit) {
    refuse(413);
    co_return arrival::bytes;
  }
  now_->decoder.start(now_->head.body);
  if (now_->head.expects_continue && !now_->decoder.done() && input_.empty()) {
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  while (!now_->decoder.done()) {
    const auto step = now_->decoder.feed(as_text(input_.bytes()));
    if (!step || step->payload.size() > limit - body_.size()) {
      refuse(step ? 413 : status_of(step.error()));
      break;
    }
    body_.append(step->payload);
    input_.consume(step->consumed);
    if (step->consumed != 0) continue;
    if (!output_.empty()) co_await flush();
    alarm_.set_in(options().body_stall);
    if (const arrival came = co_await fill(); came != arrival::bytes) co_return came;
  }
  co_return arrival::bytes;
}

// Waits for further bytes, as long as the alarm that the caller has set allows.
asio::awaitable<service::connection::arrival> service::connection::fill() {
  while (!broken_) {
    const bytes_span room = input_.prepare(1);
    const auto got = visitor_->read(room);
    switch (got.state) {
      case net::io_state::moved:
        if (got.bytes.data() == room.data()) {
          input_.commit(got.bytes.size());
        } else {
          input_.append(got.bytes);  // they stand in the stream's own memory
        }
        co_return arrival::bytes;
      case net::io_state::ended:
        co_return arrival::end;
      case net::io_state::failed:
        co_return arrival::broken;
      case net::io_state::blocked:
        break;
    }
    if (alarm_.rang()) co_return arrival::late;
    const bool between_requests = input_.empty() && head_text_.empty();
    if (between_requests && owner_.draining_) co_return arrival::end;
    if (input_.empty()) input_.release();
    co_await bell_.wait();
  }
  co_return arrival::broken;
}

void service::connection::refuse(int status) {
  now_->refused = status;
  now_->keep_alive = false;
}

asio::awaitable<response> service::connection::answer() {
  if (now_->refused != 0) co_return refusal(now_->refused);
  try {
    co_return co_await owner_.answers_(request{&now_->head, body_, peer_, {}, {}});
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;  // we are being stopped
    log::error("a handler of {} failed: {}", shown(now_->head.path), error.what());
  } catch (const std::exception& error) {
    log::error("a handler of {} failed: {}", shown(now_->head.path), error.what());
  }
  now_->keep_alive = false;
  co_return refusal(500);
}

asio::awaitable<void> service::connection::send(response what) {
  const bool chunked = what.source != nullptr && now_->head.version == http_version::http_1_1;
  now_->keep_alive =
      now_->keep_alive && !what.close && !owner_.draining_ && (!what.source || chunked);
  write_head(what, chunked);
  if (now_->to_head || is_bodiless(what.status)) co_return;
  if (what.source) {
    co_await send_pieces(std::move(what.source));
  } else if (what.body.size() < output_batch) {
    output_ += what.body;
    if (output_.size() >= output_batch) co_await flush();
  } else {
    co_await flush();
    co_await write(as_bytes(what.body));
  }
}

void service::connection::write_head(const response& what, bool chunked) {
  output_ += "HTTP/1.1 ";
  append_number(output_, static_cast<std::uint64_t>(what.status));
  output_.append(" ").append(reason_of(what.status)).append("\r\n");
  append_header(output_, "Date", owner_.date());
  for (const response::header& each : what.headers) append_header(output_, each.name, each.value);
  if (!is_bodiless(what.status)) {
    if (!what.content_type.empty()) append_header(output_, "Content-Type", what.content_type);
    if (chunked) {
      append_header(output_, "Transfer-Encoding", "chunked");
    } else if (!what.source) {
      output_ += "Content-Length: ";
      append_number(output_, what.body.size());
      output_ += "\r\n";
    }
  }
  if (!now_->keep_alive) {
    append_header(output_, "Connection", "close");
  } else if (now_->head.version == http_version::http_1_0) {
    append_header(output_, "Connection", "keep-alive");
  }
  output_ += "\r\n";
}

asio::awaitable<void> service::connection::send_pieces(std::unique_ptr<body_source> source) {
  const bool chunked = now_->head.version == http_version::http_1_1;
  source->attach(bell_);
  std::string piece;
  for (auto state = body_source::state::more; state != body_source::state::ended && !broken_;) {
    piece.clear();
    state = source->produce(piece);
    write_piece(piece, chunked);
    co_await flush();
    if (state == body_source::state::more) {
      co_await net::let_others_run();  // others have their turn
    } else if (state == body_source::state::blocked) {
      // A source that has nothing more to say now would go on for ever; and whoever only listens
      // has left when it ends its direction.
      broken_ |= owner_.draining_ || watch_.ended();
      if (broken_) break;
      alarm_.clear();
      co_await bell_.wait();
      broken_ |= watch_.broken();
    } else if (state == body_source::state::failed) {
      broken_ = true;
    }
  }
  if (chunked) output_ += last_chunk;
}

void service::connection::write_piece(std::string_view piece, bool chunked) {
  if (piece.empty()) return;  // an empty chunk would be the last
  if (chunked) {
    append_number(output_, piece.size(), 16);
    output_ += "\r\n";
  }
  output_ += piece;
  if (chunked) output_ += "\r\n";
}

asio::awaitable<void> service::connection::flush() {
  co_await write(as_bytes(output_));
  clear(output_);
}

asio::awaitable<void> service::connection::write(bytes_view bytes) {
  bool waiting = false;
  while (!bytes.empty() && !broken_) {
    const auto put = visitor_->write(bytes);
    switch (put.state) {
      case net::io_state::moved:
        bytes = bytes.subspan(put.bytes);
        waiting = false;
        break;
      case net::io_state::blocked:
        if (!std::exchange(waiting, true)) alarm_.set_in(options().write_stall);
        co_await bell_.wait();
        broken_ |= alarm_.rang();
        break;
      default:
        broken_ = true;
    }
  }
}

service::service(net::worker& on, handler answers, service_options options)
    : worker_(on), answers_(std::move(answers)), options_(options), tasks_(on.loop()) {}

service::~service() = default;

void service::take(std::unique_ptr<net::stream> visitor, net::endpoint peer) {
  if (draining_ || live_.size() >= options_.most_connections) {
    static log::rate_limit limiter(1);
    if (limiter.pass()) {
      log::warn("connection of {} refused: {}", net::to_string(peer),
                draining_ ? "shutting down" : "too many connections");
    }
    return;
  }
  tasks_.spawn(serve(std::make_unique<connection>(*this, std::move(visitor), peer)));
}

asio::awaitable<void> service::serve(std::unique_ptr<connection> one) {
  co_await one->run();
}

void service::drain() {
  draining_ = true;
  for (connection* const each : live_) each->drained();
}

asio::awaitable<void> service::stop(steady_clock::duration patience) {
  drain();
  if (co_await tasks_.join(steady_clock::now() + patience)) co_return;
  tasks_.cancel();
  co_await tasks_.join(steady_clock::now() + std::chrono::seconds(1));
}

const std::string& service::date() {
  const wall_time now = wall_clock::now();
  if (const auto second = wall_clock::to_time_t(now); second != date_second_) {
    date_second_ = second;
    date_ = date_of(now);
  }
  return date_;
}

}  // namespace frpx::http
