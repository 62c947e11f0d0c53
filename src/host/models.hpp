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
inline constexpr std::size_t most_models = 4096;
/// Bytes of all texts of a listing together.
inline constexpr std::size_t longest_listing_text = 1 << 20;

struct model_list {
  std::vector<model> models;
  /// How many the service has besides: beyond `most_models` or `longest_listing_text`, or with an
  /// id that is no plain text (names.hpp).
  std::size_t left_out = 0;
};

/// Reads the body of the answer to `GET /v1/models`. Entries without an id are none, of two with
/// one id the first stays, and a missing or wrong field takes its default. Errors: not_json,
/// no_list, too_large.
result<model_list> parse_models(std::string_view body);
/// The same for the answer to Ollama's `GET /api/tags` and `GET /api/ps`
/// (https://github.com/ollama/ollama/blob/main/docs/api.md).
result<model_list> parse_ollama_models(std::string_view body);

}  // namespace frpx::host

template <>
struct boost::system::is_error_code_enum<frpx::host::models_errc> : std::true_type {};
