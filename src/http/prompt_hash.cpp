#include "http/prompt_hash.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <string>

#include "balance/hash.hpp"
#include "core/result.hpp"

namespace frpx::http {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> members = {"messages", "prompt", "input"};
constexpr std::size_t longest_member = 8;

/// What basic_parser tells of the body. A function that returns false ends the parse.
struct prompt_handler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  std::size_t depth = 0;   // of objects and arrays that are open
  std::string key;         // of the member at the top level, as far as it may be one of ours
  bool expecting = false;  // its value is the prompt, or the list whose first element is
  bool in_list = false;
  bool hashing = false;
  std::size_t from = 0;  // the depth at which the hashed value stands
  bool found = false;
  balance::text_hasher hasher;

  void begin_value() {
    if (hashing || (!expecting && !(in_list && depth == 2))) return;
    hashing = true;
    from = depth;
  }
  bool end_value(error_code& ec) {
    if (!hashing || depth != from) return true;
    found = true;
    ec = make_error_code(boost::system::errc::operation_canceled);
    return false;
  }
  void add(std::string_view bytes) {
    if (hashing) hasher.add(bytes);
  }
  bool scalar(json::string_view bytes, error_code& ec) {
    begin_value();
    add({bytes.data(), bytes.size()});
    add(",");
    return end_value(ec);
  }
  bool part(json::string_view bytes) {
    begin_value();
    add({bytes.data(), bytes.size()});
    return true;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    begin_value();
    add("{");
    ++depth;
    return true;
  }
  bool on_object_end(std::size_t, error_code& ec) {
    --depth;
    add("}");
    return end_value(ec);
  }
  bool on_array_begin(error_code&) {
    if (expecting) {
      expecting = false;
      in_list = true;
    } else {
      begin_value();
      add("[");
    }
    ++depth;
    return true;
  }
  bool on_array_end(std::size_t, error_code& ec) {
    --depth;
    if (depth == 1) in_list = false;  // it was empty
    add("]");
    return end_value(ec);
  }
  bool on_key_part(json::string_view bytes, std::size_t, error_code&) {
    add({bytes.data(), bytes.size()});
    if (depth == 1 && key.size() <= longest_member) {
      key.append(bytes.data(), std::min(bytes.size(), longest_member + 1));
    }
    return true;
  }
  bool on_key(json::string_view bytes, std::size_t total, error_code& ec) {
    on_key_part(bytes, total, ec);
    add(":");
    if (depth == 1) expecting = std::find(members.begin(), members.end(), key) != members.end();
    if (depth == 1) key.clear();
    return true;
  }
  bool on_string_part(json::string_view bytes, std::size_t, error_code&) { return part(bytes); }
  bool on_string(json::string_view bytes, std::size_t, error_code& ec) { return scalar(bytes, ec); }
  bool on_number_part(json::string_view bytes, error_code&) { return part(bytes); }
  bool on_int64(std::int64_t, json::string_view bytes, error_code& ec) { return scalar(bytes, ec); }
  bool on_uint64(std::uint64_t, json::string_view bytes, error_code& ec) {
    return scalar(bytes, ec);
  }
  bool on_double(double, json::string_view bytes, error_code& ec) { return scalar(bytes, ec); }
  bool on_bool(bool value, error_code& ec) { return scalar(value ? "true" : "false", ec); }
  bool on_null(error_code& ec) { return scalar("null", ec); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

json::parse_options options() {
  json::parse_options o;
  o.max_depth = prompt_hash::deepest;
  return o;
}

}  // namespace

struct prompt_hash::parser {
  json::basic_parser<prompt_handler> json_parser{options()};
  bool done = false;
};

prompt_hash::prompt_hash() : parser_(std::make_unique<parser>()) {}
prompt_hash::prompt_hash(prompt_hash&&) noexcept = default;
prompt_hash& prompt_hash::operator=(prompt_hash&&) noexcept = default;
prompt_hash::~prompt_hash() = default;

void prompt_hash::start() {
  parser_->json_parser.reset();
  parser_->json_parser.handler() = prompt_handler();
  parser_->done = false;
}

void prompt_hash::feed(std::string_view bytes) {
  if (parser_->done || bytes.empty()) return;
  error_code error;
  parser_->json_parser.write_some(true, bytes.data(), bytes.size(), error);
  parser_->done = static_cast<bool>(error) || parser_->json_parser.done();
}

bool prompt_hash::done() const {
  return parser_->done;
}

std::optional<std::uint64_t> prompt_hash::value() const {
  const prompt_handler& handler = parser_->json_parser.handler();
  if (!handler.found) return std::nullopt;
  return handler.hasher.value();
}

}  // namespace frpx::http
