// Which models the local service has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace frpx::host {

/// An entry of OpenAI's model listing (https://platform.openai.com/docs/api-reference/models).
struct model {
  std::string id;
  std::string object = "model";
  std::uint64_t created = 0;  ///< Unix time in seconds.
  std::string owned_by;
  // What Ollama's listing says besides; else empty.
  std::optional<std::uint64_t> size;  ///< Bytes.
  std::string digest;
  std::string format;
  std::string family;
  std::string parameter_size;
  std::string quantization_level;

  friend bool operator==(const model&, const model&) = default;
};

enum class models_errc {
  not_json = 1,
  no_list,
  too_large,
};
error_code make_error_code(models_errc e);

inline constexpr std::size_t largest_listing = 4 << 20;  ///< Bytes of the answer's body.
inline constexpr std::size_t most_models = 1024;
/// Bytes of all texts of a listing together, so that a heartbeat fits in its frame of 1 MiB however
/// its texts are escaped.
inline constexpr std::size_t longest_listing_text = 128 << 10;

/// Reads the body of the answer to `GET /v1/models`. Entries without a usable id are left out, of
/// two with one id the first stays, a missing or wrong field takes its default, and what exceeds
/// `most_models` or `longest_listing_text` is dropped. Errors: not_json, no_list, too_large.
result<std::vector<model>> parse_models(std::string_view body);
/// The same for the answer to Ollama's `GET /api/tags` and `GET /api/ps`
/// (https://github.com/ollama/ollama/blob/main/docs/api.md).
result<std::vector<model>> parse_ollama_models(std::string_view body);

}  // namespace frpx::host

template <>
struct boost::system::is_error_code_enum<frpx::host::models_errc> : std::true_type {};
