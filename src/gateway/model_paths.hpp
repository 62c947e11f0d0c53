// The paths of language models' services: OpenAI's and Ollama's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/head.hpp"

namespace frpx::gateway {

/// Requests whose body names a model. They change nothing at the service, so that they may be
/// repeated although they are POST.
inline constexpr std::array<std::string_view, 8> model_paths = {
    "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/api/chat",
    "/api/generate",        "/api/embed",      "/api/embeddings"};

/// Whether the request's body names a model. The path's query does not matter.
bool names_model(const http::request_head& head);

/// Which list of models a request asks for.
enum class model_list : std::uint8_t { none, openai, ollama };
model_list asks_for_list(const http::request_head& head);

}  // namespace frpx::gateway
