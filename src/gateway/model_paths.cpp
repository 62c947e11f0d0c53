#include "gateway/model_paths.hpp"

#include <algorithm>

namespace frpx::gateway {

bool names_model(const http::request_head& head) {
  return head.method == "POST" &&
         std::find(model_paths.begin(), model_paths.end(), head.path) != model_paths.end();
}

model_list asks_for_list(const http::request_head& head) {
  if (head.method != "GET" || head.body.how != http::framing::kind::none) return model_list::none;
  if (head.path == "/v1/models") return model_list::openai;
  return head.path == "/api/tags" ? model_list::ollama : model_list::none;
}

}  // namespace frpx::gateway
