#include "tunnel/model_key.hpp"

#include <algorithm>

namespace frpx::tunnel {

model_key::model_key(std::string_view name) {
  constexpr std::string_view host = "registry.ollama.ai/";
  constexpr std::string_view space = "library/";
  constexpr std::string_view tag = ":latest";
  if (name.size() > longest) return;
  std::transform(name.begin(), name.end(), text_.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  end_ = name.size();
  if (view().starts_with(host)) begin_ += host.size();
  if (view().starts_with(space)) begin_ += space.size();
  if (view().ends_with(tag)) end_ -= tag.size();
}

}  // namespace frpx::tunnel
