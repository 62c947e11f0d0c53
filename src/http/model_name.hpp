// The model that a JSON request asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace frpx::http {

/// Finds the top-level member `model` of a JSON body while the body comes in, however it is split,
/// and reads no more of it than needed.
///
/// What cannot be parsed, is nested deeper than `deepest`, or names no model in at most `longest`
/// bytes of text, counts as unknown: routing is no place to judge a body. Reusable; its memory does
/// not grow with the body. Belongs to one connection.
class model_finder {
 public:
  static constexpr std::size_t longest = 256;
  static constexpr std::size_t deepest = 256;

  enum class state : std::uint8_t { reading, found, unknown };

  /// How much is read: up to the first `model`, or the whole body, so that a second one, or one in
  /// other case, is noticed.
  enum class extent : std::uint8_t { first, whole };

  /// By which member the model is named. `model_or_name`: without a `model`, or with an empty one,
  /// by the older member `name`.
  enum class naming : std::uint8_t { model, model_or_name };

  explicit model_finder(extent how_far = extent::first, naming by = naming::model);
  model_finder(model_finder&&) noexcept;
  model_finder& operator=(model_finder&&) noexcept;
  ~model_finder();

  /// Another body begins.
  void start(extent how_far = extent::first, naming by = naming::model);

  /// The next bytes of the body. Does nothing once the state is not `reading`.
  state feed(std::string_view bytes);

  /// The body has ended: found or unknown, never `reading`.
  state finish();

  state now() const;

  /// The name, decoded; empty unless found. Lives until start().
  std::string_view name() const;

  /// With extent::whole: the body has more than one top-level member that names the model in some
  /// case, or one that is not in lower case.
  bool ambiguous() const;
  /// With extent::whole: a top-level member is `models` or `fallbacks`, in some case, by which some
  /// services let a request name further models.
  bool names_more() const;

 private:
  struct parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace frpx::http
