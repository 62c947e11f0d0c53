#include "llm/api_path.hpp"

#include <algorithm>

namespace frpx::llm {
namespace {

using enum dialect;
using enum model_place;

// A request whose answer a model makes; it changes nothing at the service.
constexpr api_path asks_model(dialect speaks, std::string_view pattern, model_place model = body) {
  return {
      .method = "POST", .pattern = pattern, .speaks = speaks, .model = model, .repeatable = true};
}
constexpr api_path lists_models(dialect speaks, std::string_view pattern) {
  return {.method = "GET", .pattern = pattern, .speaks = speaks, .lists_models = true};
}
// Anything else whose callers read errors in that form.
constexpr api_path other(dialect speaks, std::string_view pattern) {
  return {.method = {}, .pattern = pattern, .speaks = speaks};
}

// The first row that fits counts.
constexpr api_path table[] = {
    asks_model(openai, "/v1/chat/completions"),
    asks_model(openai, "/v1/completions"),
    asks_model(openai, "/v1/embeddings"),
    asks_model(openai, "/v1/responses"),
    asks_model(openai, "/v1/rerank"),
    asks_model(openai, "/v1/reranking"),
    asks_model(openai, "/v2/rerank"),
    asks_model(openai, "/rerank"),
    asks_model(openai, "/v1/score"),
    asks_model(openai, "/score"),
    lists_models(openai, "/v1/models"),
    {.method = "GET", .pattern = "/v1/models/*", .speaks = openai, .model = model_place::path},
    asks_model(anthropic, "/v1/messages"),
    asks_model(anthropic, "/v1/messages/count_tokens"),
    asks_model(ollama, "/api/chat"),
    asks_model(ollama, "/api/generate"),
    asks_model(ollama, "/api/embed"),
    asks_model(ollama, "/api/embeddings"),
    asks_model(ollama, "/api/show", body_or_name),
    lists_models(ollama, "/api/tags"),
    other(anthropic, "/v1/messages/*"),
    other(openai, "/v1/*"),
    other(ollama, "/api/ps"),
    other(ollama, "/api/version"),
    other(ollama, "/api/pull"),
    other(ollama, "/api/push"),
    other(ollama, "/api/create"),
    other(ollama, "/api/copy"),
    other(ollama, "/api/delete"),
    other(ollama, "/api/blobs/*"),
};

bool has_method(const api_path& row, std::string_view method) {
  return row.method.empty() || row.method == method || (row.method == "GET" && method == "HEAD");
}

// What the pattern says literally.
std::string_view literal_of(const api_path& row) {
  return row.pattern.substr(0, row.pattern.size() - (row.pattern.ends_with('*') ? 1 : 0));
}

bool has_path(const api_path& row, std::string_view path) {
  const std::string_view literal = literal_of(row);
  if (literal.size() == row.pattern.size()) return path == literal;
  return path.size() > literal.size() && path.starts_with(literal);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

canonical_path::canonical_path(std::string_view path) {
  if (decode(path)) {
    resolve();
  } else {
    size_ = 0;
  }
}

// Once, as services do; doubled slashes count as one.
bool canonical_path::decode(std::string_view path) {
  for (std::size_t at = 0; at < path.size(); ++at) {
    char c = path[at];
    if (c == '%') {
      const int high = at + 2 < path.size() ? hex_digit(path[at + 1]) : -1;
      const int low = at + 2 < path.size() ? hex_digit(path[at + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      if (c == '\0') return false;
      at += 2;
      first_escape_ = std::min(first_escape_, size_);
    }
    if (c == '/' && size_ != 0 && text_[size_ - 1] == '/') continue;
    if (size_ == longest) return false;
    text_[size_++] = c;
  }
  return size_ != 0 && text_[0] == '/';
}

// RFC 3986, 5.2.4; and the slash at the end goes.
void canonical_path::resolve() {
  std::size_t out = 0;
  for (std::size_t at = 0; at < size_;) {
    const auto* slash = std::find(text_.data() + at + 1, text_.data() + size_, '/');
    const auto end = static_cast<std::size_t>(slash - text_.data());
    const std::string_view segment(text_.data() + at, end - at);  // with its slash in front
    if (segment == "/." || segment == "/..") {
      dots_ = true;
      if (segment == "/..") {
        while (out != 0 && text_[--out] != '/') {
        }
      }
    } else if (segment != "/") {
      std::copy(segment.begin(), segment.end(), text_.data() + out);
      out += segment.size();
    }
    at = end;
  }
  if (out == 0) text_[out++] = '/';
  size_ = out;
}

api_match find_api(std::string_view method, const canonical_path& path) {
  api_match found;
  for (const api_path& row : table) {
    if (!has_path(row, path.view())) continue;
    if (found.speaks == dialect::none) found.speaks = row.speaks;
    if (!has_method(row, method)) continue;
    const std::size_t literal = literal_of(row).size();
    found.path = &row;
    found.literal = path.is_literal(literal);
    if (row.model == model_place::path) found.model = path.view().substr(literal);
    break;
  }
  return found;
}

dialect dialect_of_target(std::string_view target) {
  if (const auto scheme = target.find("://");
      scheme != std::string_view::npos && target[0] != '/') {
    target.remove_prefix(std::min(target.find('/', scheme + 3), target.size()));
  }
  return find_api({}, canonical_path(target.substr(0, target.find('?')))).speaks;
}

dialect dialect_of_bytes(std::string_view begin_of_request) {
  if (begin_of_request.starts_with("\r\n")) begin_of_request.remove_prefix(2);
  const auto method = begin_of_request.find(' ');
  if (method == std::string_view::npos) return dialect::none;
  const std::string_view target = begin_of_request.substr(method + 1);
  const auto end = target.find_first_of(" ?\r\n");
  return end == std::string_view::npos ? dialect::none : dialect_of_target(target.substr(0, end));
}

}  // namespace frpx::llm
