// A request as our own endpoints get it, and the response they give.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.hpp"
#include "net/socket.hpp"
#include "net/wakeup.hpp"

namespace frpx::http {

/// A whole request. Its views, and the head, live until the handler has given its response.
struct request {
  static constexpr std::size_t most_parameters = 2;

  const request_head* head = nullptr;
  std::string_view body;  ///< Without its framing.
  net::endpoint peer;
  std::string who;  ///< As whom it was let in, by what stands in front of the handler.
  /// What stood in the place of each `{...}` of the route's pattern, decoded: any bytes at all.
  std::array<std::string, most_parameters> parameters;
};

/// A body that comes in pieces: events as they happen, or a list too long to be held at once.
///
/// Belongs to one response, on the worker of its connection. The connection asks for the next piece
/// once the last one is written, so a slow visitor slows the source down. It is destroyed when the
/// visitor goes, at any time.
class body_source {
 public:
  enum class state {
    more,     ///< Ask again.
    blocked,  ///< Nothing more now; `ready` will be called.
    ended,    ///< The body is complete.
    failed,   ///< It will never be: the connection is reset, so that the visitor does not take it
              ///< so.
  };
  static constexpr std::size_t piece_size = 32 * 1024;

  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// Appends the next piece to `into`, about `piece_size` at most. A source that may be silent for
  /// long writes something now and then, else it is not found out that its visitor has gone.
  virtual state produce(std::string& into) = 0;

  void attach(net::wakeup& bell) { bell_ = &bell; }

 protected:
  /// Says that there is more, after `blocked`.
  void ready() {
    if (bell_ != nullptr) bell_->ring();
  }

 private:
  net::wakeup* bell_ = nullptr;
};

struct response {
  struct header {
    std::string_view name;  ///< A text that lives for ever.
    std::string value;
  };

  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";  ///< A text that lives for ever.
  std::vector<header> headers;                         ///< Beside those of framing, date and type.
  std::unique_ptr<body_source> source;                 ///< When set, the body comes from here.
  bool close = false;                                  ///< The connection ends behind it.
};

/// Answers one request, on the worker of its connection. An exception that leaves it becomes 500.
using handler = std::function<boost::asio::awaitable<response>(request)>;

/// An error in the envelope of the REST API; an empty `message` takes the status's own text.
response refusal(int status, std::string_view message = {});

/// A response that is there at once, for handlers that have nothing to wait for.
boost::asio::awaitable<response> ready(response answer);

}  // namespace frpx::http
