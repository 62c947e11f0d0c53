// The first byte says in which form and in what pieces the rest is scanned.
#include <cstddef>
#include <cstdint>

#include "http/token_scanner.hpp"
#include "tests/fuzz/require.hpp"

using frpx::http::token_count;
using frpx::http::token_scanner;

namespace {

token_count scan(token_scanner::form of, std::string_view answer, std::size_t piece) {
  token_scanner scanner;
  scanner.start(of);
  for (std::size_t at = 0; at < answer.size(); at += piece) scanner.feed(answer.substr(at, piece));
  return scanner.found();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto of = static_cast<token_scanner::form>(data[0] % 3);
  const std::size_t piece = 1 + data[0] / 3 % 16;
  const std::string_view answer(reinterpret_cast<const char*>(data) + 1, size - 1);
  const token_count whole = scan(of, answer, answer.size());
  const bool same = scan(of, answer, piece) == whole;
  const bool bounded =
      whole.prompt <= token_scanner::most && whole.completion <= token_scanner::most;
  REQUIRE(same && bounded);
  return 0;
}
