// The model is the same however the body is cut, and reading on never changes a name that the whole
// body confirms. The first byte says how it is cut.
#include <algorithm>
#include <cstdint>
#include <string>

#include "http/model_name.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using frpx::http::model_finder;

std::string read(model_finder& finder, model_finder::extent how_far, std::string_view body,
                 std::size_t slice, model_finder::naming by) {
  finder.start(how_far, by);
  for (; !body.empty(); body.remove_prefix(std::min(slice, body.size()))) {
    finder.feed(body.substr(0, slice));
  }
  const auto state = finder.finish();
  REQUIRE(state != model_finder::state::reading);
  const std::string name(finder.name());
  REQUIRE((state == model_finder::state::found) == !name.empty());
  REQUIRE(name.size() <= model_finder::longest);
  return name;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t slice = 1U + data[0];
  model_finder finder;
  for (const auto by : {model_finder::naming::model, model_finder::naming::model_or_name}) {
    const std::string first = read(finder, model_finder::extent::first, body, size, by);
    REQUIRE(read(finder, model_finder::extent::first, body, slice, by) == first);
    const std::string whole = read(finder, model_finder::extent::whole, body, size, by);
    REQUIRE(read(finder, model_finder::extent::whole, body, slice, by) == whole);
    REQUIRE(whole.empty() || whole == first);
  }
  return 0;
}
