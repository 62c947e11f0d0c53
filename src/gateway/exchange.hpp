// One request and its answer.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/choice.hpp"
#include "gateway/failover.hpp"
#include "gateway/gateway.hpp"
#include "gateway/head_fields.hpp"
#include "gateway/refusal.hpp"
#include "gateway/visitor.hpp"
#include "http/body.hpp"
#include "http/forward.hpp"
#include "http/head.hpp"
#include "http/model_name.hpp"
#include "http/prompt_hash.hpp"
#include "http/token_scanner.hpp"
#include "llm/api_path.hpp"
#include "net/buffer.hpp"
#include "net/pipe_pool.hpp"
#include "tunnel/session.hpp"

namespace frpx::gateway {

/// Checks one request, chooses a client for it, passes it on and its answer back; tries another
/// client when the first one failed before it answered.
///
/// Everything that is sent to the service stands in one buffer: the head, which ends where the body
/// begins, then the body in its final form. As long as the request may have to be repeated, what
/// was sent stays in it.
///
/// Constructed for one request and destroyed with it (exchange_room), so nothing of an earlier
/// request can be seen. Belongs to one visitor's coroutine.
class exchange final : private key_use, private leaving_at_end::judge {
 public:
  /// The finders are of the room; they begin anew.
  exchange(visitor& from, http::model_finder& model, std::optional<http::prompt_hash>& prompt);
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  enum class after {
    keep,   ///< The visitor's connection may bring another request.
    close,  ///< It is to be closed, once the visitor has read the answer.
    gone,   ///< It is gone, must not look complete, or belongs to a relay now.
  };

  /// Serves the request whose head is the first `head_size` bytes of the visitor's buffer. Once.
  boost::asio::awaitable<after> run(std::size_t head_size);

 private:
  /// How the conversation with one service ended.
  enum class ending {
    answered,
    upgraded,
    failed,
    visitor_gone,
    visitor_late,
    bad_request,
    key_ended
  };

  /// Counts the request when it ends, however it ends; with its key, once that is known.
  class usage_note {
   public:
    explicit usage_note(exchange& of) : of_(of) {}
    usage_note(const usage_note&) = delete;
    ~usage_note();

   private:
    exchange& of_;
  };

  /// An answer by which a service said that it does not serve now: its beginning, and where the
  /// rest comes from.
  struct declined_answer {
    std::shared_ptr<tunnel::session> client;
    std::unique_ptr<service_streams::kept> stream;
    std::string begin;
    std::optional<std::chrono::seconds> retry_after;
    bool got_all;  // of the request
  };

  boost::asio::awaitable<std::optional<after>> refuse_key(std::string_view key);
  boost::asio::awaitable<after> serve();
  boost::asio::awaitable<after> try_clients();
  bool reserve_head();
  result<bytes_view> write_head(std::string_view host);
  void place_head(bytes_view head);
  boost::asio::awaitable<bool> open_stream();
  boost::asio::awaitable<ending> converse();
  boost::asio::awaitable<after> conclude(ending how);
  boost::asio::awaitable<after> answer(int status, std::string_view text = {});
  boost::asio::awaitable<after> refuse(refusal why);
  boost::asio::awaitable<after> say(int status, std::string text, bool keep);
  boost::asio::awaitable<after> answer_models();
  boost::asio::awaitable<after> answer_unknown_model();
  bool keeps_visitor() const { return head_.keep_alive() && !at_.draining; }
  bool waits_for_body() const;
  bool has_word() const;
  bool asks_client();
  bool has_left() override;
  void service_fails(outcome how);
  void set_alarm();
  void hand_to_relay();
  void log_choice() const;
  void log_access(int status, std::string_view by) const;

  // exchange_model.cpp
  std::string_view model_name() const;
  bool is_model_judged() const;
  bool needs_model() const;
  boost::asio::awaitable<bool> read_model();
  bool reads_on() const;
  bool may_hold_more();
  refusal judge_body() const;

  // exchange_client.cpp
  bool begin_choice();
  /// How the search for a client ended.
  enum class seeking { found, full, nobody, interrupted, key_ended };
  boost::asio::awaitable<seeking> seek_client();
  boost::asio::awaitable<seeking> wait_for_place();
  failed_try failed_how(outcome what) const;
  void note_failure();
  void keep_declined();
  boost::asio::awaitable<after> pass_declined();

  // exchange_key.cpp
  refusal enter_key();
  void key_ended() override;
  std::string_view usage_model() const;
  void leave_places_if_complete();
  void leave_places();

  // exchange_bytes.cpp
  static constexpr std::size_t read_at_once = 32 * 1024;
  static constexpr std::size_t body_room = read_at_once + 64;  // and a chunk's frame
  static std::size_t counted(std::size_t memory);
  void pump_request();
  bool send_held();
  bool take_body();
  void show_finders(std::string_view body);
  void drop_sent();
  void note_held();
  void pump_response();
  bool move_response();
  bool write_answer();
  bool all_written() const {
    return answer_out_.empty() && !(in_kernel_ && in_kernel_->filled > 0);
  }
  bool can_splice();
  bool splice_answer();
  bool drain_pipe();
  bool take_answer();
  bool pass_answer(bytes_view input);
  bool is_settled();
  bool end_answer();
  void give_visitor(bytes_view bytes);
  outcome ended_how() const;

  desk& at_;
  visitor* const from_;

  // the request
  http::request_head head_;
  http::request_forwarder request_;
  head_fields fields_;         // what we add
  net::buffer head_bytes_;     // what head_ looks at
  net::buffer out_;            // room for the head, and the body behind it
  std::size_t head_room_ = 0;  // of out_
  std::size_t head_at_ = 0;    // where the head begins in it, for the client at hand
  std::shared_ptr<const std::string> head_host_;  // that it names; null: the downstream's
  std::size_t sent_ = 0;                          // of out_
  std::size_t held_most_ = 0;                     // 0: what was sent is not held any more
  bool dropped_ = false;                          // some of it is gone
  std::shared_ptr<const identity::key_facts> key_;
  identity::key_place key_place_;
  bool key_has_ended_ = false;  // it was revoked, or has expired, since the request came
  held_memory::share held_;     // out_'s
  bool understood_ = false;     // its head; else nothing behind it can be trusted
  error_code bad_request_;
  std::optional<llm::canonical_path> path_;
  llm::api_match api_;  // what path_ is
  bool needs_model_ = false;
  bool no_room_ = false;  // for more of the body
  bool repeatable_ = false;
  std::optional<std::uint64_t> stick_to_;
  http::model_finder& model_;
  std::optional<http::prompt_hash>& prompt_;  // where it decides
  http::body_decoder model_body_;
  steady_time began_;
  steady_time answer_began_;

  // the choice
  choice choice_;
  slot place_;
  bool fresh_stream_only_ = false;
  steady_time give_up_;
  std::optional<declined_answer> declined_;  // that is passed on if there is no better one
  int declines_ = 0;

  // the try
  std::shared_ptr<tunnel::session> client_;
  std::unique_ptr<service_streams::kept> stream_;
  http::response_forwarder response_;
  net::buffer answer_in_;             // a head that is not whole yet
  net::buffer answer_held_;           // a final head, while its body is undecided
  net::buffer answer_out_;            // what the visitor did not take yet
  net::pipe_pool::handle in_kernel_;  // the same, of a large body between two sockets
  http::token_scanner tokens_;
  int said_status_ = 0;  // of an answer of our own
  std::optional<outcome> failure_;
  enum class settling : std::uint8_t { no, now, over } settling_ = settling::no;
  bool any_sent_ = false;
  bool final_given_ = false;  // a byte of the final answer: no other can be given any more
  bool awaits_word_ = false;  // the alarm is for the client's word that it reached its service
  bool heard_ = false;        // anything, since the message began
  std::unique_ptr<tunnel::life_sign> sign_;
  bool service_refuses_ = false;  // to take more of the request
  bool visitor_gone_ = false;
  bool progress_ = false;
};

/// Memory for an exchange. A worker uses a room for one request after another and makes each
/// exchange anew in it; what stays is what would cost allocations, and starts anew with each.
class exchange_room {
 public:
  explicit exchange_room(const desk& at);

  exchange& make(visitor& from) { return now_.emplace(from, model_, prompt_); }
  /// The request is over, and nothing of it is left.
  void clear() { now_.reset(); }

 private:
  http::model_finder model_;
  std::optional<http::prompt_hash> prompt_;
  std::optional<exchange> now_;
};

}  // namespace frpx::gateway
