// One stream of a link, and the lists that it may stand in.
#pragma once

#include <cassert>

#include "link/events.hpp"
#include "link/pages.hpp"

namespace frpx::link {

enum class stream_state : std::uint8_t {
  awaiting,    ///< Server: OPENED has not come.
  connecting,  ///< Client: OPENED was not given.
  open,
  ended,  ///< Nothing more from the peer; frames to be written or a slow sink keep the entry.
};

struct stream;

/// A place in one of the lists below.
struct list_hook {
  stream* before = nullptr;
  stream* after = nullptr;
  bool listed = false;
};

/// What a machine knows of one stream: all that an idle visitor costs.
struct stream {
  stream_id id = 0;
  stream_kind kind = stream_kind::tcp;
  stream_state state = stream_state::open;

  bool counted : 1 = false;        ///< Against the limit of streams.
  bool floored : 1 = false;        ///< Its floor is in the ledger.
  bool send_fin : 1 = false;       ///< FIN was put behind our bytes.
  bool send_moved : 1 = false;     ///< Our 8 bytes are on the own connection.
  bool move_lost : 1 = false;      ///< And it ended before the peer's came.
  bool receive_fin : 1 = false;    ///< FIN has come.
  bool receive_known : 1 = false;  ///< The peer's 8 bytes have come; `receive_total` is its n.
  bool receive_told : 1 = false;   ///< The owner knows that the receiving direction is over.
  bool starved : 1 = false;        ///< Bytes wait for credit.
  bool bulk_told : 1 = false;
  bool move_asked : 1 = false;
  bool owes_opened : 1 = false;  ///< OPENED is to be written, with `status` and `owed_credit`.
  bool owes_reset : 1 = false;   ///< RST is to be written, with `reset`.
  open_status status = open_status::connected;

  stream_events* events = nullptr;

  std::uint32_t credit = 0;       ///< What we may still send.
  std::uint32_t owed_return = 0;  ///< RETURN to be written.
  std::uint32_t window = 0;       ///< given - received: what the peer may still send.
  std::uint32_t promised = 0;     ///< given - consumed.
  std::uint32_t target = 0;       ///< What we want `promised` to be.
  std::uint32_t extra = 0;        ///< What the ledger holds for it above the floor.
  std::uint32_t owed_credit = 0;  ///< CREDIT to be written; in `window` and `promised` already.
  std::uint32_t unwritten = 0;    ///< Data frames that wait in the outbox.
  std::uint32_t credit_at = 0;    ///< When CREDIT was given last, in us of the machine's clock.
  std::uint32_t moved_at = 0;     ///< When our 8 bytes were written.
  std::uint32_t sent_tick = 0;    ///< The tick in which bytes were sent last.
  reset_code reset = reset_code::cancelled;

  std::uint64_t framed = 0;         ///< DATA bytes put into frames.
  std::uint64_t received = 0;       ///< DATA bytes announced by frames that have come.
  std::uint64_t receive_total = 0;  ///< How many the link will carry, when that is known.

  std::uint32_t sent_run = 0;  ///< Bulk, see `machine::note_run`.
  std::uint32_t received_run = 0;
  std::uint32_t sent_at = 0;
  std::uint32_t received_at = 0;
  std::uint32_t waits_since = 0;  ///< Of a udp stream: when its queue was empty last.

  byte_queue queue;  ///< Bytes that came and were not taken; of a udp stream: datagrams to send.

  list_hook control;  ///< Owes a control frame.
  list_hook turn;     ///< Waits for its turn to send.
};

/// A queue of streams through one of their hooks: no allocation, removal from anywhere.
template <list_hook stream::* hook>
class stream_list {
 public:
  bool empty() const { return first_ == nullptr; }
  stream* front() const { return first_; }
  /// The first one that is `wanted`, or null.
  template <class Wanted>
  stream* first(Wanted wanted) const {
    stream* each = first_;
    while (each != nullptr && !wanted(*each)) each = (each->*hook).after;
    return each;
  }

  /// Nothing when it stands in the list already.
  void push_back(stream& s) {
    list_hook& at = s.*hook;
    if (at.listed) return;
    at = {last_, nullptr, true};
    (last_ == nullptr ? first_ : (last_->*hook).after) = &s;
    last_ = &s;
  }

  void remove(stream& s) {
    list_hook& at = s.*hook;
    if (!at.listed) return;
    (at.before == nullptr ? first_ : (at.before->*hook).after) = at.after;
    (at.after == nullptr ? last_ : (at.after->*hook).before) = at.before;
    at = {};
  }

 private:
  stream* first_ = nullptr;
  stream* last_ = nullptr;
};

}  // namespace frpx::link
