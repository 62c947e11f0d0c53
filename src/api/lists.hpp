// Lists, of which a request may want a part.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "core/json_writer.hpp"
#include "http/message.hpp"

namespace frpx::api {

/// Answers with the array of `count` elements, the one at `place` written by `write(json, place)`,
/// or with the part of it that the request's query asks for:
///
/// - `limit` and `offset`: so many elements, from there on; no other is written;
/// - `q`: those in which some text holds this one, in capitals or not;
/// - `member=value`: those that have just this. 400 when they have no such member.
///
/// `X-Total-Count` then says how many there are without `limit` and `offset`. `own`: parameters
/// that are the endpoint's.
http::response listed(const http::request& asked, std::size_t count,
                      const std::function<void(json_writer&, std::size_t place)>& write,
                      std::span<const std::string_view> own = {});

/// The same of the rows of a random-access range, each written by `write(json, row)`.
template <class Rows, class Write>
http::response listed_rows(const http::request& asked, const Rows& rows, Write write,
                           std::span<const std::string_view> own = {}) {
  return listed(
      asked, std::size(rows),
      [&](json_writer& json, std::size_t place) { write(json, rows[place]); }, own);
}

/// The same of an array that is JSON already; its elements stay as they were written.
http::response listed_text(const http::request& asked, std::string_view array,
                           std::span<const std::string_view> own = {});

}  // namespace frpx::api
