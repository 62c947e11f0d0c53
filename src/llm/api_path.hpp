// Which paths belong to the APIs of language models.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace frpx::llm {

/// Whose API a path belongs to, and so which form of errors its callers read.
enum class dialect : std::uint8_t { none, openai, anthropic, ollama };

/// Where a request names its model.
enum class model_place : std::uint8_t {
  nowhere,
  body,          ///< The member `model` of its JSON body.
  body_or_name,  ///< The same, or the older member `name`.
  path,          ///< The end of its path.
};

/// One row of the table of paths.
struct api_path {
  std::string_view method;   ///< `GET` is HEAD, too; empty: any.
  std::string_view pattern;  ///< A path; with `*` at its end, any that is longer and begins so.
  dialect speaks = dialect::none;
  model_place model = model_place::nowhere;
  bool lists_models = false;
  bool repeatable =
      false;  ///< Changes nothing at the service: two may see it, although it is POST.

  bool names_model() const { return model != model_place::nowhere; }
  bool names_model_in_body() const {
    return model == model_place::body || model == model_place::body_or_name;
  }
};

/// A request's path as a service may understand it: escapes decoded, dot segments resolved, and
/// without doubled slashes or one at the end. Only compared: what is passed on is the path as it
/// came. Allocates nothing.
class canonical_path {
 public:
  static constexpr std::size_t longest = 512;

  canonical_path() = default;  ///< No path.
  explicit canonical_path(std::string_view path);

  /// Empty if the path is longer than `longest` or cannot be decoded. Lives as long as this.
  std::string_view view() const { return {text_.data(), size_}; }
  /// Nothing but slashes was changed in the first `size` characters, and there were no dot
  /// segments: no service takes them for another path.
  bool is_literal(std::size_t size) const { return !dots_ && first_escape_ >= size; }

 private:
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

  bool decode(std::string_view path);
  void resolve();

  std::array<char, longest> text_;
  std::size_t size_ = 0;
  std::size_t first_escape_ = never;  // where the first decoded character stands
  bool dots_ = false;
};

/// What the table says of a request.
struct api_match {
  const api_path* path = nullptr;  ///< Null: none of the table's, or not with this method.
  dialect speaks = dialect::none;  ///< Of the path, whatever the method.
  std::string_view model;          ///< Where the path names it. A part of the canonical path.
  bool literal = false;            ///< The path was written so that it has one meaning.

  bool names_model() const { return path != nullptr && path->names_model(); }
  bool names_model_in_body() const { return path != nullptr && path->names_model_in_body(); }
  bool lists_models() const { return path != nullptr && path->lists_models; }
  bool repeatable() const { return path != nullptr && path->repeatable; }
};

/// Looks a request up. The query does not matter.
api_match find_api(std::string_view method, const canonical_path& path);

/// The dialect of requests for this target. Its query may be cut.
dialect dialect_of_target(std::string_view target);
/// The same of the request whose first bytes these are, none as long as its path is not whole: for
/// answers to requests that cannot be parsed.
dialect dialect_of_bytes(std::string_view begin_of_request);

}  // namespace frpx::llm
