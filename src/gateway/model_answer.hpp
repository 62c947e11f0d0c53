// The list of models that all clients have together.
#pragma once

#include <functional>
#include <string>

#include "llm/api_path.hpp"
#include "tunnel/routing.hpp"

namespace frpx::gateway {

/// The body of the answer to `GET /v1/models`
/// (https://platform.openai.com/docs/api-reference/models) or, where Ollama's dialect is spoken, to
/// `GET /api/tags` (https://github.com/ollama/ollama/blob/main/docs/api.md): each model that a live
/// client reported once, by name. `may_see(model)`: whether the visitor may know of it.
std::string list_models(const tunnel::routing& of, llm::dialect form,
                        const std::function<bool(const tunnel::routed_model&)>& may_see);

}  // namespace frpx::gateway
