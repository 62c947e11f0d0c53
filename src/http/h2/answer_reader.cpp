#include "http/h2/answer_reader.hpp"

#include <cassert>

#include "http/characters.hpp"

namespace frpx::http::h2 {
namespace {

constexpr std::size_t status_digits = 3;

bool is_of_a_connection(field_id id) {
  switch (id) {
    case field_id::connection:
    case field_id::keep_alive:
    case field_id::proxy_connection:
    case field_id::transfer_encoding:
    case field_id::upgrade:
      return true;
    default:
      return false;
  }
}

}  // namespace

result<answer_reader::step> answer_reader::feed(std::string_view input, std::size_t most,
                                                response_head& head) {
  if (std::exchange(partial_is_used_, false)) partial_.clear();
  if (!has_head_) return feed_head(input, head);
  const auto part = body_.feed(input, most);
  if (!part) return part.error();
  return step{part->consumed, part->payload.empty() ? found::nothing : found::payload,
              part->payload};
}

result<answer_reader::step> answer_reader::feed_head(std::string_view input, response_head& head) {
  const std::size_t kept = partial_.size();
  if (kept != 0) partial_.append(input);
  const std::string_view bytes = kept != 0 ? std::string_view(partial_) : input;
  const auto size = scanner_.scan_response(bytes);
  if (!size) return size.error();
  if (!*size) {
    if (kept == 0) partial_ = input;
    return step{input.size(), found::nothing, {}};
  }
  partial_is_used_ = kept != 0;
  if (const error_code e = parse_response(bytes.substr(0, **size), scanner_.limits(), head)) {
    return e;
  }
  scanner_.reset();
  has_head_ = head.status >= 200;
  if (has_head_) body_.start(head.body(answers_head_));
  return step{**size - kept, has_head_ ? found::final : found::interim, {}};
}

// --- fields ---

void field_list::begin(std::size_t names) {
  entries_.clear();
  names_.clear();
  names_.reserve(names + status_digits);  // views of it must stay
}

void field_list::add(std::string_view name, std::string_view value) {
  assert(names_.size() + name.size() <= names_.capacity());
  const std::size_t from = names_.size();
  for (const char c : name) names_ += characters::to_lower(c);
  entries_.push_back({std::string_view(names_).substr(from), value});
}

void field_list::take(const response_head& head) {
  std::size_t names = 0;
  for (const field& f : head.fields) names += f.name.size();
  begin(names);
  names_ += static_cast<char>('0' + head.status / 100);
  names_ += static_cast<char>('0' + head.status / 10 % 10);
  names_ += static_cast<char>('0' + head.status % 10);
  entries_.push_back({":status", std::string_view(names_)});
  for (const field& f : head.fields) {
    if (!is_of_a_connection(f.id)) add(f.name, f.value);
  }
}

void field_list::take_trailer(std::string_view lines) {
  begin(lines.size());
  for (auto end = lines.find('\n'); end != lines.npos; end = lines.find('\n')) {
    const std::string_view line = lines.substr(0, end + 1);
    lines.remove_prefix(line.size());
    const auto colon = line.find(':');
    std::string_view value = line.substr(colon + 1, line.size() - colon - 3);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
      value.remove_prefix(1);
    }
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    add(line.substr(0, colon), value);
  }
}

}  // namespace frpx::http::h2
