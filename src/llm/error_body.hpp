// Errors in the form that the caller's program reads.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "llm/api_path.hpp"

namespace frpx::llm {

/// What went wrong.
struct error {
  int status = 500;
  std::string_view message;     ///< UTF-8.
  std::string_view code;        ///< The machine's word for it; empty: the status's own.
  std::string_view request_id;  ///< Where a dialect tells it; may be empty.
};

/// The JSON body that says so: frpx's envelope (`success`, `data`, `message`, `timestamp`), and in
/// the same object the error as the caller's dialect has it.
///
///     OpenAI     {"error":{"message":...,"type":...,"param":null,"code":...}}
///     Anthropic  {"type":"error","error":{"type":...,"message":...},"request_id":...}
///     Ollama     {"error":"..."}
std::string error_body(dialect speaks, const error& what, wall_time now);

}  // namespace frpx::llm
