// When two names mean one model.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace frpx::tunnel {

/// The one form of a model's name by which models are compared, by the rules of Ollama
/// (https://github.com/ollama/ollama/blob/main/docs/modelfile.md, types/model/name.go): without
/// regard to case, the tag `latest`, the namespace `library` and the host `registry.ollama.ai` may
/// be left out. Other services' names differ by more than that. Allocates nothing.
class model_key {
 public:
  static constexpr std::size_t longest = 256;

  model_key() = default;
  /// A name longer than `longest` gives the empty key, which is no model's.
  explicit model_key(std::string_view name);

  std::string_view view() const { return {text_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

 private:
  std::array<char, longest> text_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace frpx::tunnel
