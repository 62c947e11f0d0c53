// Which form of an answer a client takes (RFC 9110, 12.5.3).
#pragma once

#include "http/head.hpp"

namespace frpx::http {

/// Whether an answer that exists both plain and compressed is to be sent with gzip: the request
/// names gzip, or `*`, and likes the plain form no better. One that says nothing, as curl does,
/// gets the plain form.
bool prefers_gzip(const request_head& asked);

}  // namespace frpx::http
