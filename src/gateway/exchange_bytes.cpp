// How the bytes of an exchange move: the half of exchange.hpp that decides nothing.
#include "gateway/exchange.hpp"
#include "gateway/visitor.hpp"
#include "link/errc.hpp"
#include "net/relay.hpp"

namespace frpx::gateway {

using net::io_state;

namespace {

constexpr auto settle_pause = std::chrono::milliseconds(100);
constexpr std::size_t answer_at_once = 64 * 1024;
constexpr std::size_t least_spliced = 64 * 1024;  // less is copied faster
constexpr std::size_t answer_room =
    3 * answer_at_once;  // a read, what was kept, and a head's growth

std::span<char> as_chars(bytes_span bytes) {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}

/// Keeps an upgraded visitor counted, as a visitor, at its client and with its key, as long as its
/// relay lives; goes with it.
class upgraded_visitor final : public net::relay::observer, private key_use {
 public:
  upgraded_visitor(desk& at, net::admission::ticket visitor, net::placement placed, slot at_client,
                   std::shared_ptr<const identity::key_facts> key, identity::key_place at_key)
      : at_(at),
        visitor_(std::move(visitor)),
        placed_(std::move(placed)),
        at_client_(std::move(at_client)),
        key_(std::move(key)),
        at_key_(std::move(at_key)) {}
  /// It is joined by that relay from now on; `judged_at` is of its key.
  void follow(net::relay& joined, std::uint64_t judged_at) {
    relay_ = &joined;
    at_.in_use.enter(*this, *key_, judged_at);
  }
  void on_relay_end(net::relay&, const net::relay_report& report) override {
    at_.usage.add(key_->id, at_client_.client()->facts().client_id, {},
                  {.bytes_in = report.from_visitor, .bytes_out = report.from_service});
    delete this;
  }

 private:
  ~upgraded_visitor() = default;
  void key_ended() override { relay_->reset(); }

  desk& at_;
  const net::admission::ticket visitor_;
  const net::placement placed_;
  const slot at_client_;
  const std::shared_ptr<const identity::key_facts> key_;
  const identity::key_place at_key_;
  net::relay* relay_ = nullptr;
};

}  // namespace

// --- towards the service
// --------------------------------------------------------------------------

void exchange::pump_request() {
  while (!failure_ && !bad_request_ && !service_refuses_) {
    if (sent_ < out_.size()) {
      if (!send_held()) return;
    } else if (request_.complete() || !take_body()) {
      return;
    }
    progress_ = true;
  }
}

bool exchange::send_held() {
  const auto sent = (*stream_)->write(out_.bytes().subspan(sent_));
  if (sent.state == io_state::failed) service_refuses_ = true;  // its answer may be there already
  if (sent.state != io_state::moved) return false;
  any_sent_ = true;
  sent_ += sent.bytes;
  if (out_.size() > held_most_) held_most_ = 0;
  if (held_most_ == 0) drop_sent();
  return true;
}

// What was sent is not needed any more, nor is the memory it stood in.
void exchange::drop_sent() {
  held_most_ = 0;
  dropped_ = true;
  out_.consume(std::exchange(sent_, 0));
  if (out_.empty()) out_.release();
  note_held();
}

// Makes body for the service of what the visitor has sent. False when there is nothing to take now.
bool exchange::take_body() {
  net::buffer& kept = from_->in;
  const bool fresh = kept.empty();
  bytes_view input = kept.bytes();
  if (fresh && !request_.is_ending()) {
    const auto got = from_->connection->read(at_.on.scratch().first(read_at_once));
    if (got.state == io_state::ended) bad_request_ = http::make_error_code(http::errc::cut_short);
    if (got.state == io_state::failed) visitor_gone_ = true;
    if (got.state != io_state::moved) return false;
    input = got.bytes;
  }
  const auto step = request_.forward(as_text(input), as_chars(out_.prepare(body_room)));
  if (!step) {
    bad_request_ = step.error();
    return false;
  }
  if (api_.names_model_in_body() && !client_ && reads_on())
    show_finders(as_text(input.first(step->consumed)));
  out_.commit(step->produced);
  note_held();
  if (fresh) {
    kept.append(input.subspan(step->consumed));
  } else {
    kept.consume(step->consumed);
    if (kept.empty()) kept.release();
  }
  return step->consumed != 0 || step->produced != 0;
}

// Every request may have a block.
std::size_t exchange::counted(std::size_t memory) {
  return memory > net::buffer_pool::block_size ? memory : 0;
}

// When all requests hold too much together, this one is passed on as it comes.
void exchange::note_held() {
  if (!held_.resize(counted(out_.memory()))) held_most_ = 0;
}

// They want the payload alone, without the chunks' frames.
void exchange::show_finders(std::string_view body) {
  while (!body.empty()) {
    const auto step = model_body_.feed(body);
    if (!step || step->consumed == 0) return;
    model_.feed(step->payload);
    if (prompt_) prompt_->feed(step->payload);
    body.remove_prefix(step->consumed);
  }
}

// --- towards the visitor
// --------------------------------------------------------------------------

void exchange::pump_response() {
  while (move_response()) progress_ = true;
  if (in_kernel_ && in_kernel_->filled == 0) in_kernel_.reset();
}

// One step; false when there is none to take now.
bool exchange::move_response() {
  if (!answer_out_.empty()) return write_answer();
  if (in_kernel_ && in_kernel_->filled > 0) return drain_pipe();
  if (response_.complete() || failure_) return false;
  return can_splice() ? splice_answer() : take_answer();
}

bool exchange::write_answer() {
  const auto sent = from_->connection->write(answer_out_.bytes());
  if (sent.state == io_state::failed) visitor_gone_ = true;
  if (sent.state != io_state::moved) return false;
  answer_out_.consume(sent.bytes);
  if (answer_out_.empty()) answer_out_.release();
  return true;
}

// Whether what comes next is bulk that can go from socket to socket within the kernel.
bool exchange::can_splice() {
  if (response_.unseen() < least_spliced || !answer_in_.empty()) return false;
  if ((*stream_)->plain_socket() == nullptr || from_->connection->plain_socket() == nullptr) {
    return false;
  }
  if (!in_kernel_) in_kernel_ = at_.on.relays().pipes().take();
  return in_kernel_ != nullptr;
}

bool exchange::splice_answer() {
  const auto got = in_kernel_->fill(*(*stream_)->plain_socket(), response_.unseen());
  if (got.state == io_state::failed || got.state == io_state::ended) service_fails(ended_how());
  if (got.state != io_state::moved) return false;
  response_.skip(got.bytes);
  leave_places_if_complete();
  return true;
}

bool exchange::drain_pipe() {
  const auto sent = in_kernel_->drain(*from_->connection->plain_socket());
  if (sent.state == io_state::failed) visitor_gone_ = true;
  return sent.state == io_state::moved;
}

bool exchange::take_answer() {
  const auto scratch = at_.on.scratch().first(answer_at_once);
  const auto got = (*stream_)->read(scratch);
  switch (got.state) {
    case io_state::blocked:
      return false;
    case io_state::failed:
      service_fails(ended_how());
      return false;
    case io_state::ended:
      return is_settled() && end_answer();
    case io_state::moved:
      heard_ = true;
      break;
  }
  if (answer_in_.empty()) {
    const std::size_t whole = response_.pass(as_text(got.bytes));
    give_visitor(got.bytes.first(whole));
    return whole == got.bytes.size() || pass_answer(got.bytes.subspan(whole));
  }
  answer_in_.append(got.bytes);
  return pass_answer(answer_in_.bytes());
}

// Passes on what is whole and keeps the rest.
bool exchange::pass_answer(bytes_view input) {
  const bool kept = !answer_in_.empty();
  std::size_t consumed = 0;
  for (;;) {
    const auto room = at_.on.scratch().subspan(answer_at_once, answer_room);
    const auto step =
        response_.forward(as_text(input.subspan(consumed)), as_chars(room), request_.complete());
    if (!step) {
      service_fails(outcome::rubbish);
      return false;
    }
    give_visitor(room.first(step->produced));
    consumed += step->consumed;
    if (response_.withheld()) {
      if (declined_ || decide(failed_how(outcome::unavailable)) == decision::next_client) {
        service_fails(outcome::unavailable);
        break;
      }
      response_.release();
      continue;
    }
    if (step->next != http::progress::need::room) break;
    if (step->consumed == 0 && step->produced == 0) {
      service_fails(outcome::rubbish);
      return false;
    }
  }
  if (kept) {
    answer_in_.consume(consumed);
  } else {
    answer_in_.append(input.subspan(consumed));
  }
  if (answer_in_.empty()) answer_in_.release();
  return true;
}

// A client that is killed ends its connections like one that is done. Where the end of the stream
// is the end of the answer, its control connection is given a moment to end too.
bool exchange::is_settled() {
  if (settling_ == settling::over || !response_.ends_with_stream()) return true;
  if ((*stream_)->plain_socket() == nullptr) return true;  // a link tells the two apart
  if (settling_ == settling::no) from_->alarm.set_in(settle_pause);
  settling_ = settling::now;
  return false;
}

bool exchange::end_answer() {
  if (settling_ == settling::over && !client_->alive) {
    service_fails(ended_how());
    return false;
  }
  const auto room = at_.on.scratch().subspan(answer_at_once, answer_room);
  const auto step = response_.end_of_stream(as_chars(room));
  if (!step) {
    service_fails(ended_how());
    return false;
  }
  give_visitor(room.first(step->produced));
  return true;
}

// At once if the visitor takes it; what it does not take waits, and stops the reading.
void exchange::give_visitor(bytes_view bytes) {
  if (!final_given_ && response_.is_undecided()) return answer_held_.append(bytes);
  if (!answer_held_.empty()) {
    answer_out_.append(answer_held_.bytes());
    answer_held_.release();
  }
  final_given_ |= response_.answered();
  leave_places_if_complete();
  if (answer_began_ == steady_time() && !bytes.empty()) answer_began_ = steady_clock::now();
  while (!bytes.empty() && answer_out_.empty()) {
    const auto sent = from_->connection->write(bytes);
    if (sent.state == io_state::failed) visitor_gone_ = true;
    if (sent.state != io_state::moved) break;
    bytes = bytes.subspan(sent.bytes);
  }
  if (!visitor_gone_) answer_out_.append(bytes);
}

// What the end of the stream means: the client may have said why it refused it.
outcome exchange::ended_how() const {
  const error_code why = (*stream_)->error();
  if (why == link::errc::timed_out) return outcome::dial_too_late;
  if (why == link::errc::refused || why == link::errc::unknown_service) return outcome::refused;
  if (why == link::errc::draining || why == link::errc::too_many) return outcome::busy;
  return any_sent_ && (*stream_)->confirmed() ? outcome::ended_opened : outcome::ended_unopened;
}

// The answer switched protocols: from here on both are raw bytes.
void exchange::hand_to_relay() {
  auto& visitor_side = from_->connection;
  visitor_side->watch(nullptr);
  (*stream_)->watch(nullptr);
  auto* const counted =
      new upgraded_visitor(at_, std::move(*from_->place), std::move(from_->placed),
                           std::move(place_), key_, std::move(key_place_));
  counted->follow(at_.on.relays().start(std::move(visitor_side), stream_->release(), counted,
                                        from_->in.bytes(), answer_in_.bytes()),
                  at_.in_use.looks());
  from_->place.reset();
  from_->in.clear();
}

}  // namespace frpx::gateway
