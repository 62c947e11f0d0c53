#include "cache/redis/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace frpx::cache {

result<redis_url> parse_redis_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed || parsed->host_address().empty()) return errc::bad_url;
  redis_url out;
  out.tls = parsed->scheme() == "rediss";
  if (!out.tls && parsed->scheme() != "redis") return errc::bad_url;
  out.host = parsed->host_address();
  if (parsed->has_port()) {
    if (parsed->port_number() == 0) return errc::bad_url;
    out.port = parsed->port_number();
  }
  out.user = parsed->user();
  out.password = secret(parsed->password());
  std::string path = parsed->path();
  if (path.empty() || path == "/") return out;
  const char* const end = path.data() + path.size();
  const auto [read, wrong] = std::from_chars(path.data() + 1, end, out.database);
  if (wrong != std::errc() || read != end) return errc::bad_url;
  return out;
}

}  // namespace frpx::cache
