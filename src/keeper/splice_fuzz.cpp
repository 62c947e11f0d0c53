// Any body: what is accepted is JSON to another reader too, and comes back with the one change.
#include <boost/json/parse.hpp>

#include "core/bytes.hpp"
#include "keeper/plugin_request.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frpx::keeper;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto request = read_plugin_request(body);
  if (!request) return 0;
  (void)read_sign_of_life(request->content);
  const auto proxy = read_new_proxy(request->content, true);
  if (!proxy) return 0;

  constexpr std::uint16_t port = 61234;
  const std::string spliced = with_remote_port(*proxy, port);
  // The change taken out again gives the bytes that came.
  const auto again = read_new_proxy(spliced, true);
  REQUIRE(again && again->remote_port == "61234");
  const auto place = static_cast<std::size_t>(again->remote_port.data() - again->content.data());
  std::string back = spliced;
  if (proxy->remote_port.empty()) {
    constexpr std::string_view added = R"(,"remote_port":)";
    back.erase(place - added.size(), added.size() + again->remote_port.size());
  } else {
    back.replace(place, again->remote_port.size(), proxy->remote_port);
  }
  REQUIRE(back == request->content);
  // Half a pair of surrogates is JSON by its grammar and refused by the other reader.
  boost::json::error_code failed;
  boost::json::parse_options options;
  options.max_depth = 256;
  const auto value = boost::json::parse(spliced, failed, {}, options);
  if (failed) return 0;
  REQUIRE(value.at("remote_port").to_number<std::int64_t>() == port);
  return 0;
}
