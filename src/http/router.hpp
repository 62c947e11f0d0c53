// Which handler answers which request.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace frpx::http {

struct route {
  std::string_view method;   ///< GET answers HEAD too.
  std::string_view pattern;  ///< `/api/clients/{id}/status`: a segment in braces takes any text.
  handler serve;
};

/// A table of routes as one handler. An unknown path is 404, a known path with another method 405
/// with Allow, a path with a broken escape 400, each in the envelope.
///
/// A path is cut into segments first and each is decoded then, so that `%2F` never makes two of
/// one. A literal segment wins over one in braces. Immutable; the handlers are called on the worker
/// of the connection.
class router {
 public:
  static constexpr std::size_t most_segments = 8;

  /// Throws std::invalid_argument for a pattern with more segments or parameters than the maximum,
  /// and for two routes alike: faults of ours, found at start-up.
  explicit router(std::vector<route> routes);

  boost::asio::awaitable<response> operator()(request asked) const;

 private:
  struct method {
    std::string name;
    handler serve;
  };
  // All that one pattern serves.
  struct place {
    std::vector<std::optional<std::string>> segments;  // nothing where any text fits
    std::size_t parameters = 0;
    std::vector<method> methods;

    const method* find(std::string_view name) const;
    std::string allow() const;
  };

  void add(route what);
  result<const place*> find(std::string_view path, request& asked) const;

  std::vector<place> places_;                                // those with fewer parameters first
  std::map<std::string, std::size_t, std::less<>> literal_;  // by path: the places without any
};

}  // namespace frpx::http
