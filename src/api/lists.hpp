// Parts of a list.
#pragma once

#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace frpx::api {

/// Lets a request ask for a part of the array that `whole` answers with, by its query:
///
/// - `limit` and `offset`: so many elements, from there on;
/// - `q`: those in which some text holds this one, in capitals or not;
/// - `member=value`: those that have just this. 400 when they have no such member.
///
/// `X-Total-Count` then says how many there are without `limit` and `offset`. A request with none
/// of them gets the answer as it is. `own`: parameters that are for `whole`, and live for ever.
http::handler listed(http::handler whole, std::vector<std::string_view> own = {});

}  // namespace frpx::api
