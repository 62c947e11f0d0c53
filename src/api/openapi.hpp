// What the REST API says of itself.
#pragma once

#include <string>

namespace frpx::api {

/// Every route of rest_routes(), with its parameters, its body and its answer, as an OpenAPI 3.1
/// document (https://spec.openapis.org/oas/v3.1.0).
std::string openapi_document();

}  // namespace frpx::api
