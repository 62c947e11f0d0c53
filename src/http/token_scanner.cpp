#include "http/token_scanner.hpp"

#include <algorithm>

#include "http/field.hpp"

namespace frpx::http {
namespace {

constexpr std::string_view data_prefix = "data:";
constexpr std::size_t no_data = data_prefix.size() + 1;  // the line is something else

constexpr bool ends_text(char c) {
  return c == '"' || c == '\\' || c == '\n';
}

// What matters between texts where nothing is looked for.
constexpr std::string_view structure = "\"{}[]\n";
constexpr auto is_structure = [] {
  std::array<bool, 256> table{};
  for (const char c : structure) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr bool builds(char c) {
  return is_structure[static_cast<unsigned char>(c)];
}

}  // namespace

std::optional<token_scanner::form> token_scanner::form_of(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  content_type = content_type.substr(0, content_type.find_last_not_of(" \t") + 1);
  if (equals_ignoring_case(content_type, "application/json")) return form::document;
  if (equals_ignoring_case(content_type, "text/event-stream")) return form::events;
  for (const std::string_view lines :
       {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
    if (equals_ignoring_case(content_type, lines)) return form::lines;
  }
  return std::nullopt;
}

void token_scanner::start(form of) {
  *this = token_scanner();
  form_ = of;
}

void token_scanner::feed(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (now_ == reading::text) {  // nearly everything is
      at = std::find_if(at, end, ends_text);
    } else if (now_ == reading::between && depth_ != 0 && here() == place::other) {
      at = std::find_if(at, end, builds);  // the rest is numbers, as of embeddings
    }
    if (at == end) return;
    const char c = *at++;
    if (form_ != form::document && c == '\n') {
      end_line();
    } else if (form_ != form::events || is_data(c)) {
      take(c);
    }
  }
}

// JSON in a line has no line end within: whatever came before, the next line begins anew.
void token_scanner::end_line() {
  prefix_ = 0;
  now_ = reading::between;
  depth_ = 0;
  expects_key_ = false;
  member_ = member::other;
}

// Whether this byte of an event's line stands behind `data:`.
bool token_scanner::is_data(char c) {
  if (prefix_ == data_prefix.size()) return true;
  if (prefix_ != no_data) prefix_ = c == data_prefix[prefix_] ? prefix_ + 1 : no_data;
  return false;
}

void token_scanner::take(char c) {
  switch (now_) {
    case reading::between:
      return take_between(c);
    case reading::key:
      if (c == '"') return end_key();
      if (c == '\\') now_ = reading::key_escape;
      if (key_size_ < longest_key) key_[key_size_] = c;
      key_size_ = std::min(key_size_ + 1, longest_key + 1);
      return;
    case reading::key_escape:
      now_ = reading::key;
      return;
    case reading::text:
      if (c == '"') now_ = reading::between;
      if (c == '\\') now_ = reading::text_escape;
      return;
    case reading::text_escape:
      now_ = reading::text;
      return;
    case reading::number:
      return take_digit(c);
  }
}

void token_scanner::take_between(char c) {
  if (depth_ == 0 && c != '{' && c != '[') return;  // `[DONE]`, or no JSON
  switch (c) {
    case '{':
    case '[':
      return open(c == '{');
    case '}':
    case ']':
      return close();
    case ',':
      expects_key_ = here() != place::other;
      member_ = member::other;
      return;
    case '"':
      now_ = expects_key_ ? reading::key : reading::text;
      key_size_ = 0;
      return;
    default:
      break;
  }
  const bool counts = member_ == member::prompt || member_ == member::completion;
  if (counts && c >= '0' && c <= '9') {
    now_ = reading::number;
    number_ = static_cast<std::uint64_t>(c - '0');
  } else if (c != ':' && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
    member_ = member::other;
  }
}

void token_scanner::take_digit(char c) {
  if (c >= '0' && c <= '9') {
    number_ = std::min(number_ * 10 + static_cast<std::uint64_t>(c - '0'), most);
    return;
  }
  now_ = reading::between;
  if (c == '.' || c == 'e' || c == 'E') {
    member_ = member::other;  // no number of tokens
    return;
  }
  (member_ == member::prompt ? found_.prompt : found_.completion) = number_;
  take_between(c);
}

void token_scanner::open(bool object) {
  place what = place::other;
  if (object && depth_ == 0) what = place::answer;
  if (object && member_ == member::response) what = place::nested;
  if (object && member_ == member::usage) what = place::usage;
  if (++depth_ <= deepest) places_[depth_] = what;
  expects_key_ = here() != place::other;
  member_ = member::other;
}

void token_scanner::close() {
  --depth_;  // take_between() is not here at depth 0
  expects_key_ = false;
  member_ = member::other;
}

void token_scanner::end_key() {
  now_ = reading::between;
  expects_key_ = false;
  if (key_size_ <= longest_key) member_ = member_of(here(), {key_.data(), key_size_});
}

token_scanner::member token_scanner::member_of(place in, std::string_view key) {
  switch (in) {
    case place::answer:
      if (key == "response") return member::response;
      if (key == "prompt_eval_count") return member::prompt;
      if (key == "eval_count") return member::completion;
      [[fallthrough]];
    case place::nested:
      return key == "usage" ? member::usage : member::other;
    case place::usage:
      if (key == "prompt_tokens" || key == "input_tokens") return member::prompt;
      if (key == "completion_tokens" || key == "output_tokens") return member::completion;
      return member::other;
    case place::other:
      break;
  }
  return member::other;
}

}  // namespace frpx::http
