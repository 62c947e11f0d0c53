// A question to the local service.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>

#include "client/local_service.hpp"
#include "net/worker.hpp"

namespace frpx::client {

/// What the service said.
struct local_answer {
  enum class kind {
    answered,  ///< With `status`, and for 200 with `body`.
    absent,    ///< Nobody listens there.
    unknown,   ///< No usable answer this time.
  };
  kind how = kind::unknown;
  int status = 0;
  std::string body;
  std::string why;  ///< For a log, unless answered.
};

/// `GET path` on a connection of its own, all of it within `patience`. Takes at most
/// `http::head_limits` of head and `most` bytes of body; the body of an answer that is not 200 is
/// left. Ends when cancelled.
boost::asio::awaitable<local_answer> local_get(net::worker& on, local_service& from,
                                               std::string path, std::size_t most,
                                               steady_clock::duration patience);

}  // namespace frpx::client
