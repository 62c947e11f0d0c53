#include "http/forward.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/errc.hpp"
#include "http/trailer.hpp"

namespace frpx::http {
namespace {

constexpr std::size_t room_around_head = 1024;  // for the fields that are added

bool says_not_now(int status) {
  return status == 429 || status == 503;
}

// A date is none: it would have to be compared with a clock that may be another's.
std::optional<std::chrono::seconds> retry_after_of(const response_head& head) {
  const field* said = head.fields.find("Retry-After");
  if (said == nullptr) return std::nullopt;
  std::uint32_t seconds = 0;
  const char* end = said->value.data() + said->value.size();
  const auto [stop, error] = std::from_chars(said->value.data(), end, seconds);
  if (error != std::errc() || stop != end) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

// --- bodies ---

void body_forwarder::start(framing body, bool chunked_out, token_scanner* reader) {
  reader_ = reader;
  body_.start(body);
  trailer_.clear();
  end_sent_ = 0;
  chunked_out_ = chunked_out;
  complete_ = body_.done() && !chunked_out;
}

std::string_view body_forwarder::ending() {
  if (!chunked_out_) return {};
  if (body_.trailer().empty()) return last_chunk;
  if (trailer_.empty()) trailer_ = ending_with(body_.trailer());
  return trailer_;
}

std::size_t body_forwarder::pass(std::string_view input) {
  if (complete_ || chunked_out_ || !body_.is_plain()) return 0;
  const auto step = body_.feed(input);
  if (reader_ != nullptr) reader_->feed(step->payload);
  if (body_.done()) complete_ = true;
  return step->consumed;
}

void body_forwarder::skip(std::uint64_t size) {
  body_.skip(size);
  if (body_.done()) complete_ = true;
}

result<progress> body_forwarder::forward(std::string_view input, std::span<char> output) {
  progress p;
  while (!complete_) {
    const std::span<char> room = output.subspan(p.produced);
    if (body_.done()) {
      const std::string_view rest = ending().substr(end_sent_);
      const std::size_t size = std::min(rest.size(), room.size());
      std::copy_n(rest.begin(), size, room.begin());
      p.produced += size;
      end_sent_ += size;
      if (size < rest.size()) {
        p.next = progress::need::room;
        return p;
      }
      complete_ = true;
      break;
    }
    const std::size_t most = chunked_out_ ? chunk_payload_fitting(room.size()) : room.size();
    const auto step = body_.feed(input.substr(p.consumed), most);
    if (!step) return step.error();
    p.consumed += step->consumed;
    if (!step->payload.empty()) {
      if (reader_ != nullptr) reader_->feed(step->payload);
      if (chunked_out_) {
        p.produced += write_chunk(step->payload, room);
      } else {
        std::memcpy(room.data(), step->payload.data(), step->payload.size());
        p.produced += step->payload.size();
      }
    }
    if (!body_.done() && step->payload.empty()) {
      // Nothing more came out: for want of input, or because none of it fits.
      p.next = p.consumed == input.size() ? progress::need::input : progress::need::room;
      return p;
    }
  }
  p.next = progress::need::none;
  return p;
}

error_code request_forwarder::start(const request_head& head, std::uint64_t limit) {
  limit_ = limit;
  body_.start(head.body, head.body.how == framing::kind::chunked);
  return head.body.length > limit ? errc::body_too_large : error_code();
}

result<progress> request_forwarder::forward(std::string_view input, std::span<char> output) {
  result<progress> p = body_.forward(input, output);
  if (p && body_.size() > limit_) return errc::body_too_large;
  return p;
}

// --- responses ---

void response_forwarder::start(const request_head& request, bool keep_visitor,
                               std::span<const field> extra, token_scanner* tokens,
                               bool withholds) {
  scanner_.reset();
  body_.start({}, false);
  extra_ = extra;
  tokens_ = tokens;
  state_ = state::head;
  status_ = interim_ = 0;
  answers_head_ = request.method == "HEAD";
  visitor_speaks_1_0_ = request.version == http_version::http_1_0;
  upgrade_asked_ = request.wants_websocket;
  keep_visitor_ = keep_visitor && request.keep_alive();
  reusable_ = given_ = false;
  withholds_ = withholds;
  withheld_ = false;
  retry_after_.reset();
}

result<progress> response_forwarder::forward(std::string_view input, std::span<char> output,
                                             bool request_complete) {
  progress all;
  while (state_ == state::head) {
    const auto p =
        forward_head(input.substr(all.consumed), output.subspan(all.produced), request_complete);
    if (!p) return p.error();
    all.consumed += p->consumed;
    all.produced += p->produced;
    all.next = p->next;
    if (p->consumed == 0) return all;
  }
  const auto p = forward_body(input.substr(all.consumed), output.subspan(all.produced));
  if (!p) return p.error();
  return progress{all.consumed + p->consumed, all.produced + p->produced, p->next};
}

result<progress> response_forwarder::forward_head(std::string_view input, std::span<char> output,
                                                  bool request_complete) {
  if (withheld_) return progress{0, 0, progress::need::none};
  const auto size = scanner_.scan_response(input);
  if (!size) return size.error();
  if (!*size) return progress{0, 0, progress::need::input};
  response_head head;
  if (const error_code e = parse_response(input.substr(0, **size), scanner_.limits(), head)) {
    return e;
  }
  if (withholds_ && !given_ && says_not_now(head.status)) {
    withheld_ = true;
    retry_after_ = retry_after_of(head);
    scanner_.reset();  // it will see the same head once more
    return progress{0, 0, progress::need::none};
  }
  const auto produced =
      head.status < 200 ? take_interim(head, output) : take_final(head, output, request_complete);
  if (!produced) {
    const bool fits_an_empty_buffer = output.size() < scanner_.limits().head + room_around_head;
    if (produced.error() != errc::no_room || !fits_an_empty_buffer) return produced.error();
    scanner_.reset();  // it will see the same head once more
    return progress{0, 0, progress::need::room};
  }
  scanner_.reset();
  if (*produced != 0) given_ = true;
  return progress{**size, *produced, progress::need::input};
}

result<std::size_t> response_forwarder::take_interim(const response_head& head,
                                                     std::span<char> output) {
  if (head.status == 101) {
    const field* upgrade = head.fields.find(field_id::upgrade);
    if (!upgrade_asked_ || upgrade == nullptr ||
        !equals_ignoring_case(upgrade->value, "websocket")) {
      return errc::unasked_upgrade;
    }
  } else if (interim_ == most_interim) {
    return errc::too_many_interim;
  }
  std::size_t produced = 0;
  if (!visitor_speaks_1_0_) {
    const auto written = write_interim_head(head, output);
    if (!written) return written.error();
    produced = *written;
  }
  ++interim_;
  if (head.status == 101) {
    status_ = head.status;
    state_ = state::upgraded;
    keep_visitor_ = false;
  }
  return produced;
}

result<std::size_t> response_forwarder::take_final(const response_head& head,
                                                   std::span<char> output, bool request_complete) {
  const framing body = head.body(answers_head_);
  response_rules rules;
  rules.body = body;
  if (body.how == framing::kind::chunked || body.how == framing::kind::until_close) {
    rules.body.how = visitor_speaks_1_0_ ? framing::kind::until_close : framing::kind::chunked;
  }
  rules.head_only = answers_head_ || head.status == 304;
  rules.keep_alive = keep_visitor_ && rules.body.how != framing::kind::until_close &&
                     (request_complete || head.status < 400);
  rules.visitor_speaks_1_0 = visitor_speaks_1_0_;
  rules.extra = extra_;
  const auto written = write_response_head(head, rules, output);
  if (!written) return written;
  status_ = head.status;
  keep_visitor_ = rules.keep_alive;
  reusable_ = head.keep_alive() && body.how != framing::kind::until_close;
  body_.start(body, rules.body.how == framing::kind::chunked, reader_of(head));
  state_ = body_.complete() ? state::complete : state::body;
  return written;
}

// Who is to read along: nobody where no tokens can be read.
token_scanner* response_forwarder::reader_of(const response_head& head) {
  if (tokens_ == nullptr || head.fields.find(field_id::content_encoding) != nullptr) return nullptr;
  const field* type = head.fields.find("Content-Type");
  const auto form = type != nullptr ? token_scanner::form_of(type->value) : std::nullopt;
  if (!form) return nullptr;
  tokens_->start(*form);
  return tokens_;
}

std::size_t response_forwarder::pass(std::string_view input) {
  if (state_ != state::body) return 0;
  const std::size_t size = body_.pass(input);
  if (body_.complete()) state_ = state::complete;
  return size;
}

void response_forwarder::skip(std::uint64_t size) {
  body_.skip(size);
  if (body_.complete()) state_ = state::complete;
}

result<progress> response_forwarder::forward_body(std::string_view input, std::span<char> output) {
  if (complete()) return progress{0, 0, progress::need::none};
  const auto p = body_.forward(input, output);
  if (p && body_.complete()) state_ = state::complete;
  return p;
}

result<progress> response_forwarder::end_of_stream(std::span<char> output) {
  if (complete()) return progress{0, 0, progress::need::none};
  if (state_ == state::head) return errc::cut_short;
  if (const error_code e = body_.end_of_stream()) return e;
  return forward_body({}, output);
}

}  // namespace frpx::http
