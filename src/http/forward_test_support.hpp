// What the tests of both forwarders share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/body.hpp"

namespace frpx::http {

// How the input is cut, and how much room the output has.
inline constexpr std::size_t slices[] = {1, 2, 3, 7, 50, 100000};
inline constexpr std::size_t rooms[] = {6, 7, 20, 300, 100000};

/// The payload of a body, or the error text.
inline std::string payload_of(framing how, std::string_view bytes, bool* done = nullptr) {
  body_decoder decoder(how);
  std::string payload;
  while (true) {
    const auto step = decoder.feed(bytes);
    if (!step) return step.error().message();
    payload += step->payload;
    bytes.remove_prefix(step->consumed);
    if (step->consumed == 0) break;
  }
  if (done != nullptr) *done = decoder.done();
  return payload + std::string(bytes);
}

}  // namespace frpx::http
