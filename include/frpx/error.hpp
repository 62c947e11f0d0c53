/// @file
/// What went wrong, as a value.
#pragma once

#include <string>
#include <utility>

namespace frpx {

/// The kinds of failure. The numbers are those of the C interface and do not change.
enum class errc {
  none = 0,                ///< Nothing went wrong.
  bad_argument = 1,        ///< An address, a range or a text is not of the form that is asked for.
  unreachable = 2,         ///< The server cannot be found or connected to.
  timed_out = 3,           ///< The time that was given is over.
  unexpected_answer = 4,   ///< What the server said is no answer to the question.
  port_not_allowed = 5,    ///< The server does not give this outer port, or not with this token.
  port_occupied = 6,       ///< The outer port is taken.
  server_error = 7,        ///< The server cannot open the tunnel now.
  already_registered = 8,  ///< This client holds, or is registering, that outer port.
  no_port = 9,             ///< The server has no free port.
  tunnel_ended = 10,       ///< The server, or the network, has ended the tunnel.
  cancelled = 11,          ///< `cancel` was called, or the client has gone.
  cannot_listen = 12,      ///< The address cannot be bound.
  already_running = 13,    ///< The server runs.
  not_running = 14,        ///< The server does not run.
  nothing_to_abort = 15,   ///< There is no such visitor or tunnel, or it has ended.
  token_refused = 16,      ///< The server asks for a token, and this is not it.
};

/// One sentence for each kind; lives for ever. Any thread.
const char* explain(errc kind) noexcept;

/// A kind of failure and a sentence about this one. A value like any other: any thread may have its
/// own copy.
class error {
 public:
  /// No error.
  error() = default;
  /// An error of that kind with the kind's own sentence.
  explicit error(errc kind) : kind_(kind), sentence_(explain(kind)) {}
  /// An error of that kind; `sentence` tells more of it.
  error(errc kind, std::string sentence) : kind_(kind), sentence_(std::move(sentence)) {}

  /// What kind it is.
  errc code() const noexcept { return kind_; }
  /// What happened, for people; empty when nothing did.
  const std::string& message() const noexcept { return sentence_; }
  /// Whether there is an error.
  explicit operator bool() const noexcept { return kind_ != errc::none; }

 private:
  errc kind_ = errc::none;
  std::string sentence_;
};

}  // namespace frpx
