// Why a request is not served.
#pragma once

#include <chrono>
#include <string_view>

namespace frpx::gateway {

/// What the gateway answers instead. The texts live until the answer is given.
struct refusal {
  int status = 0;            ///< 0: it is served.
  std::string_view message;  ///< Empty: the status's own text.
  std::string_view code;     ///< On OpenAI's paths the answer takes OpenAI's form, with this code;
                             ///< on Ollama's Ollama's. Empty: the envelope.
  std::chrono::seconds retry_after{0};  ///< Said if it is not 0.

  explicit operator bool() const { return status != 0; }
};

}  // namespace frpx::gateway
