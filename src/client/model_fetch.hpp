// Asking the local service which models it has.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "client/local_service.hpp"
#include "host/models.hpp"
#include "net/worker.hpp"

namespace frpx::client {

/// What the service said.
struct model_listing {
  enum class kind {
    listed,   ///< `models` is true now.
    absent,   ///< Nobody listens there, or who does knows no such listing: there are no models.
    unknown,  ///< No usable answer this time; what was true before may still be.
  };
  kind how = kind::unknown;
  std::vector<host::model> models;
  std::string why;           ///< For a log, unless listed.
  std::size_t left_out = 0;  ///< How many models it has besides.
};

/// Whom to ask: `GET /v1/models`, which all have; Ollama's `GET /api/tags`, which says more; or
/// `GET /api/ps`, the models that Ollama holds in memory now.
enum class model_source { openai, ollama, ollama_loaded };

/// Asks on a connection of its own, all of it within `patience`. Takes at most `http::head_limits`
/// of head and `host::largest_listing` of body. Ends when cancelled.
boost::asio::awaitable<model_listing> fetch_models(net::worker& on, local_service& from,
                                                   steady_clock::duration patience,
                                                   model_source which = model_source::openai);

}  // namespace frpx::client
