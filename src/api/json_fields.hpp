// What a request's JSON says.
#pragma once

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frpx::api {

/// Takes the members of a request's JSON object one by one, then says what was wrong, if anything:
///
///     json_fields fields(asked.body);
///     const auto name = fields.text("name");
///     if (const auto problem = fields.problem()) co_return http::refusal(400, *problem);
///
/// A member that nobody took is wrong too: a misspelt limit must not become none.
class json_fields {
 public:
  /// An empty body is an empty object.
  explicit json_fields(std::string_view body);

  // Nothing for a member that is not there, or is of another type.
  std::optional<std::string> text(std::string_view name);
  /// `null` is 0.
  std::optional<std::uint32_t> number(std::string_view name);
  /// `null` is nothing.
  std::optional<std::optional<std::uint32_t>> number_or_null(std::string_view name);
  /// A duration like `30d`, of a second at least; `null` is 0.
  std::optional<std::chrono::seconds> life(std::string_view name);
  /// `null` is the empty list.
  std::optional<std::vector<std::string>> names(std::string_view name);

  /// The first thing that is wrong, in a sentence.
  std::optional<std::string> problem() const;

 private:
  std::optional<boost::json::value> take(std::string_view name);
  std::nullopt_t wrong(std::string_view name, std::string_view must_be);

  boost::json::object left_;
  std::optional<std::string> problem_;
};

}  // namespace frpx::api
