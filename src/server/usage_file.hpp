// Usage that could not be written to the store, laid down in a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "store/rows.hpp"

namespace frpx::server {

struct usage_batch {
  std::string id;
  std::vector<store::usage_row> rows;
};

/// Writes batches as lines, over what is there.
///
///     batch ID
///     HOUR KEY CLIENT REQUESTS ERRORS BYTES_IN BYTES_OUT PROMPT_TOKENS COMPLETION_TOKENS MODEL
///
/// HOUR counts hours since 1970, `-` is an empty client; the model, which may be empty, is the rest
/// of the line.
error_code write_usage_file(const std::filesystem::path& file,
                            const std::vector<usage_batch>& batches);

/// What such a file holds; nothing of it if there is none. Errors: bad_message for a file that is
/// none of ours, and the system's.
result<std::vector<usage_batch>> read_usage_file(const std::filesystem::path& file);

}  // namespace frpx::server
