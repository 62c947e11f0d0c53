#include "cache/redis/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace frpx::cache {

namespace {

// All of `text` as a number, or nothing.
template <class T>
std::optional<T> number(std::string_view text) {
  T value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

result<redis_url> parse_redis_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed || parsed->host_address().empty()) return errc::bad_url;
  redis_url out;
  out.tls = parsed->scheme() == "rediss";
  if (!out.tls && parsed->scheme() != "redis") return errc::bad_url;
  out.host = parsed->host_address();
  if (parsed->has_port()) {
    const auto port = number<std::uint16_t>(parsed->port());
    if (!port || *port == 0) return errc::bad_url;
    out.port = *port;
  }
  out.user = parsed->user();
  out.password = secret(parsed->password());
  const std::string path = parsed->path();
  if (path.empty() || path == "/") return out;
  const auto database = number<std::uint32_t>(std::string_view(path).substr(1));
  if (!database) return errc::bad_url;
  out.database = *database;
  return out;
}

}  // namespace frpx::cache
