#include "http/h2/session.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <new>

#include "core/log.hpp"

namespace frpx::http::h2 {

using net::io_state;

namespace {

constexpr std::size_t read_at_once = 64 * 1024;
constexpr std::uint32_t turn_frames = 1024;
constexpr std::size_t enough_to_send = 16 * 1024;  // and a frame more: still one block of a pool
constexpr std::int32_t window_of_connection = 1024 * 1024;
constexpr std::size_t preface_size = NGHTTP2_CLIENT_MAGIC_LEN;
constexpr auto last_words = std::chrono::seconds(2);  // for GOAWAY to leave

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv pair_of(const field_list::entry& one) {
  // nghttp2 copies both, and takes pointers to what it could change all the same.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(one.name), bytes(one.value), one.name.size(), one.value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> pairs_of(const field_list& fields) {
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.entries().size());
  for (const auto& each : fields.entries()) pairs.push_back(pair_of(each));
  return pairs;
}

bool ends_stream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

// --- what nghttp2 calls: from within receive() and fill(), never elsewhere ---

struct session::callbacks {
  static session& of(void* user) { return *static_cast<session*>(user); }
  static stream_state* state(nghttp2_session* frames, std::int32_t id) {
    return static_cast<stream_state*>(nghttp2_session_get_stream_user_data(frames, id));
  }

  static int on_begin_headers(nghttp2_session* frames, const nghttp2_frame* frame, void* user) {
    session& self = of(user);
    // CONTINUATIONs may follow: until the block is whole, nothing else can come.
    self.set_in(self.how_.request_head);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    const std::int32_t id = frame->hd.stream_id;
    auto one = std::make_unique<stream_state>(self, id);
    nghttp2_session_set_stream_user_data(frames, id, one.get());
    self.streams_.emplace(id, std::move(one));
    self.guard_.request_came();
    return 0;
  }

  static int on_header(nghttp2_session* frames, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t, void*) {
    stream_state* const one = state(frames, frame->hd.stream_id);
    if (one == nullptr) return 0;
    one->take_field(frame->headers.cat != NGHTTP2_HCAT_REQUEST, text_of(name, name_size),
                    text_of(value, value_size));
    return one->is_flood() ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  // By default such a field would be dropped without a word.
  static int on_invalid_header(nghttp2_session* frames, const nghttp2_frame* frame,
                               const std::uint8_t*, std::size_t, const std::uint8_t*, std::size_t,
                               std::uint8_t, void*) {
    stream_state* const one = state(frames, frame->hd.stream_id);
    if (one != nullptr) one->refuse(make_error_code(errc::bad_field_value));
    return 0;
  }

  static int on_frame(nghttp2_session* frames, const nghttp2_frame* frame, void* user) {
    session& self = of(user);
    stream_state* const one = state(frames, frame->hd.stream_id);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        self.clear();
        if (one != nullptr) --self.idle_frames_;
        if (one != nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
          auto request = one->begin(!ends_stream(*frame));
          if (request) self.arrived_.push_back(std::move(request));
        } else if (one != nullptr && ends_stream(*frame)) {
          one->take_end();
        }
        break;
      case NGHTTP2_DATA:
        if (frame->hd.length > frame->data.padlen || ends_stream(*frame)) --self.idle_frames_;
        if (one != nullptr && ends_stream(*frame)) one->take_end();
        break;
      case NGHTTP2_RST_STREAM:
        if (one != nullptr) --self.idle_frames_;
        break;
      case NGHTTP2_WINDOW_UPDATE:
        if (self.guard_.allows_update()) --self.idle_frames_;
        break;
      default:
        break;
    }
    return 0;
  }

  static int on_payload(nghttp2_session* frames, std::uint8_t, std::int32_t id,
                        const std::uint8_t* bytes, std::size_t size, void*) {
    nghttp2_session_consume_connection(frames, size);
    stream_state* const one = state(frames, id);
    if (one != nullptr) one->take_payload(as_bytes(text_of(bytes, size)));
    return 0;
  }

  static ssize_t on_give(nghttp2_session* frames, std::int32_t id, std::uint8_t* to,
                         std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                         void* user) {
    auto& one = *static_cast<stream_state*>(source->ptr);
    const std::size_t given = one.give({to, size});
    if (!one.has_given_all())
      return given != 0 ? static_cast<ssize_t>(given) : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!one.trailer().empty()) {
      session& self = of(user);
      self.fields_.take_trailer(one.trailer());
      const auto pairs = pairs_of(self.fields_);
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      nghttp2_submit_trailer(frames, id, pairs.data(), pairs.size());
    }
    return static_cast<ssize_t>(given);
  }

  // An answer is whole before its request: the visitor need not send the rest (RFC 9113, 8.1).
  static int on_sent(nghttp2_session* frames, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_DATA) of(user).guard_.data_sent();
    const bool last = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                      ends_stream(*frame);
    if (last && nghttp2_session_get_stream_remote_close(frames, frame->hd.stream_id) == 0) {
      nghttp2_submit_rst_stream(frames, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  // A head that is none: the frames behind it are told of no more. One that is refused before it is
  // a stream of ours never closes.
  static int on_invalid_frame(nghttp2_session* frames, const nghttp2_frame* frame, int,
                              void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    of(user).clear();
    if (state(frames, frame->hd.stream_id) == nullptr) {
      of(user).note(flood_guard::of_an_unanswered_request);
    }
    return 0;
  }

  // Whoever reset it: a visitor can make us do so as often as it likes.
  static int on_close(nghttp2_session* frames, std::int32_t id, std::uint32_t, void* user) {
    session& self = of(user);
    const stream_state* const one = state(frames, id);
    const bool unanswered = one != nullptr && !one->is_answering() && !self.draining_;
    if (unanswered) self.note(flood_guard::of_an_unanswered_request);
    self.streams_.erase(id);
    if (self.streams_.empty() && !self.ending_) self.set_in(self.how_.idle);
    return 0;
  }

  static nghttp2_session* make(session& of) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_option* option = nullptr;
    nghttp2_session* made = nullptr;
    if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&option) != 0) {
      throw std::bad_alloc();
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(calls, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_payload);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    const int failed = nghttp2_session_server_new2(&made, calls, &of, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(calls);
    if (failed != 0) throw std::bad_alloc();
    return made;
  }
};

// --- the connection ---

session::session(net::worker& on, net::stream& connection, const options& how, observer& by)
    : deadline(on.timers()),
      on_(on),
      connection_(connection),
      how_(how),
      observer_(by),
      frames_(callbacks::make(*this)),
      counter_(preface_size),
      guard_(steady_clock::now()),
      share_(on.events(), turn_frames),
      out_(on.buffers()),
      sent_(steady_clock::now()) {}

session::~session() {
  connection_.watch(nullptr);
  arrived_.clear();
  streams_.clear();
  nghttp2_session_del(frames_);
}

void session::start(bytes_view behind) {
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, how_.streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(how_.head.head)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(frames_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(frames_, NGHTTP2_FLAG_NONE, 0, window_of_connection);
  connection_.watch(this);
  set_in(how_.request_head);
  flush_soon();
  receive(behind);
  on_.events().schedule(reading_);
}

void session::on_ready(net::stream::readiness what) {
  if (what.writable) flush_soon();
  if (what.readable) read();
}

void session::read() {
  while (!over_) {
    if (share_.is_spent()) return on_.events().schedule_later(reading_);
    const auto got = connection_.read(on_.scratch().first(read_at_once));
    if (got.state == io_state::blocked) break;
    // An end is a visitor that has left: no answer could reach it in order.
    if (got.state != io_state::moved) return lose();
    receive(got.bytes);
  }
  flush_soon();
}

void session::receive(bytes_view bytes) {
  if (ending_) return;
  count_frames(bytes);
  const ssize_t used = nghttp2_session_mem_recv(
      frames_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  charge_idle_frames();
  if (used >= 0 && !flooded_) return announce();
  log::debug("HTTP/2 ends: {}", flooded_ ? "a flood" : nghttp2_strerror(static_cast<int>(used)));
  const bool calm = used == NGHTTP2_ERR_BAD_CLIENT_MAGIC;
  end(calm ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
}

void session::count_frames(bytes_view bytes) {
  const std::size_t frames = counter_.count(bytes);
  share_.use(static_cast<std::uint32_t>(frames));
  idle_frames_ += static_cast<int>(frames);
}

// The last frame may not be whole yet.
void session::charge_idle_frames() {
  if (idle_frames_ <= 1) return;
  note((idle_frames_ - 1) * flood_guard::of_an_idle_frame);
  idle_frames_ = 1;
}

// Requests are given away when no byte of them is in the scratch memory any more, which whoever
// serves them may use.
void session::announce() {
  for (auto& each : std::exchange(arrived_, {})) {
    const bool cancelled = each->state_ == nullptr;  // right behind its head
    if (!cancelled && !draining_) observer_.on_request(std::move(each));
  }
}

void session::note(int cost) {
  if (!guard_.bears(cost, steady_clock::now())) flooded_ = true;
}

void session::has_read(std::int32_t id, std::size_t payload) {
  nghttp2_session_consume_stream(frames_, id, payload);
  flush_soon();
}

void session::has_written(std::int32_t id) {
  nghttp2_session_resume_data(frames_, id);
  flush_soon();
}

void session::send_head(stream_state& of, const response_head& head) {
  fields_.take(head);
  const auto pairs = pairs_of(fields_);
  if (head.status < 200) {
    nghttp2_submit_headers(frames_, NGHTTP2_FLAG_NONE, of.id(), nullptr, pairs.data(), pairs.size(),
                           nullptr);
    return;
  }
  nghttp2_data_provider body{};
  body.source.ptr = &of;
  body.read_callback = callbacks::on_give;
  nghttp2_submit_response(frames_, of.id(), pairs.data(), pairs.size(),
                          of.is_answered() ? nullptr : &body);
}

void session::reset(std::int32_t id, std::uint32_t code) {
  nghttp2_submit_rst_stream(frames_, NGHTTP2_FLAG_NONE, id, code);
  flush_soon();
}

// The visitor has not taken anything for long, so it would not take a reset either.
bool session::is_stuck() const {
  return !out_.empty() && steady_clock::now() - sent_ >= how_.stalled;
}

// Gathers what is to be sent; false when there is nothing.
bool session::fill() {
  while (out_.size() < enough_to_send && nghttp2_session_want_write(frames_) != 0) {
    const std::uint8_t* frame = nullptr;
    const ssize_t size = nghttp2_session_mem_send(frames_, &frame);
    if (size <= 0) break;
    out_.append(as_bytes(text_of(frame, static_cast<std::size_t>(size))));
  }
  return !out_.empty();
}

void session::flush() {
  while (!over_ && fill()) {
    const auto sent = connection_.write(out_.bytes());
    if (sent.state == io_state::failed) return lose();
    if (sent.state != io_state::moved) return;  // a full socket tells when it has room
    sent_ = steady_clock::now();
    out_.consume(sent.bytes);
  }
  if (flooded_ && !ending_) return end(NGHTTP2_ENHANCE_YOUR_CALM);
  out_.release();
  const bool done =
      nghttp2_session_want_read(frames_) == 0 || ((ending_ || draining_) && streams_.empty());
  if (done) be_over();
}

void session::drain() {
  if (std::exchange(draining_, true)) return;
  nghttp2_submit_goaway(frames_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(frames_), NGHTTP2_NO_ERROR, nullptr,
                        0);
  flush_soon();
}

void session::expired() {
  if (ending_) return lose();
  end(streams_.empty() ? NGHTTP2_NO_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
}

void session::end(std::uint32_t code) {
  if (std::exchange(ending_, true)) return;
  set_in(last_words);
  nghttp2_session_terminate_session(frames_, code);
  for (const auto& [id, each] : streams_) each->close();
  flush_soon();
}

// The connection is of no use any more.
void session::lose() {
  connection_.reset();
  be_over();
}

void session::be_over() {
  if (std::exchange(over_, true)) return;
  clear();
  streams_.clear();
  observer_.on_over();
}

}  // namespace frpx::http::h2
