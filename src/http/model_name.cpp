#include "http/model_name.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <string>

#include "core/result.hpp"
#include "http/field.hpp"

namespace frpx::http {
namespace {

namespace json = boost::json;

using naming = model_finder::naming;

/// What basic_parser tells of the body. A function that returns false ends the parse.
struct model_handler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t longest_key = 9;  // of those that matter

  bool whole = false;  // read on behind the first `model`
  naming by = naming::model;
  std::size_t depth = 0;  // of objects and arrays that are open
  std::string key;        // of the member at the top level, as far as it may still matter
  bool key_too_long = false;
  bool spelled_otherwise = false;
  bool more = false;                 // there is a member for further models
  std::size_t members = 0;           // that name the model, in some case
  std::string model;                 // the first `model`...
  std::string name;                  // ...and the first `name`, where that counts
  std::string* expecting = nullptr;  // whose value is next
  bool has_model = false;
  bool has_name = false;

  void start(bool read_whole, naming by_which) {
    *this = model_handler();
    whole = read_whole;
    by = by_which;
  }

  const std::string& found() const { return model.empty() ? name : model; }
  /// Nothing that comes can change what was found.
  bool is_settled() const { return !whole && expecting != &model && !model.empty(); }

  static bool stop(error_code& ec) {
    ec = make_error_code(boost::system::errc::operation_canceled);
    return false;
  }

  /// Any value that is not the text that was hoped for.
  bool other_value(error_code& ec) {
    // The body is no object, or what names the model is no text.
    return (depth != 0 && expecting == nullptr) || stop(ec);
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code& ec) {
    if (expecting != nullptr) return stop(ec);
    ++depth;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    --depth;
    return true;
  }
  bool on_array_begin(error_code& ec) {
    if (!other_value(ec)) return false;
    ++depth;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --depth;
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    if (depth != 1) return true;
    if (key.size() + part.size() > longest_key) {
      key_too_long = true;
    } else {
      key.append(part.data(), part.size());
    }
    return true;
  }
  bool on_key(json::string_view part, std::size_t total, error_code& ec) {
    if (depth != 1) return true;
    on_key_part(part, total, ec);
    if (!key_too_long) note_key();
    key.clear();
    key_too_long = false;
    return true;
  }
  void note_key() {
    more |= equals_ignoring_case(key, "models") || equals_ignoring_case(key, "fallbacks");
    const bool is_like_name = by == naming::model_or_name && equals_ignoring_case(key, "name");
    if (!is_like_name && !equals_ignoring_case(key, "model")) return;
    ++members;
    if (key == "model") {
      if (!std::exchange(has_model, true)) expecting = &model;
    } else if (key == "name") {
      if (!std::exchange(has_name, true)) expecting = &name;
    } else {
      spelled_otherwise = true;
    }
  }

  bool on_string_part(json::string_view part, std::size_t, error_code& ec) {
    if (expecting == nullptr) return other_value(ec);
    if (expecting->size() + part.size() > model_finder::longest) return stop(ec);
    expecting->append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t total, error_code& ec) {
    if (!on_string_part(part, total, ec)) return false;
    if (std::exchange(expecting, nullptr) == nullptr) return true;
    if (has_model && model.empty() && by == naming::model) return stop(ec);
    return !is_settled() || stop(ec);
  }

  bool on_number_part(json::string_view, error_code& ec) { return other_value(ec); }
  bool on_int64(std::int64_t, json::string_view, error_code& ec) { return other_value(ec); }
  bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return other_value(ec); }
  bool on_double(double, json::string_view, error_code& ec) { return other_value(ec); }
  bool on_bool(bool, error_code& ec) { return other_value(ec); }
  bool on_null(error_code& ec) { return other_value(ec); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

json::parse_options options() {
  json::parse_options o;
  o.max_depth = model_finder::deepest;
  return o;
}

}  // namespace

struct model_finder::parser {
  json::basic_parser<model_handler> json_parser{options()};
  state now = state::reading;

  model_handler& handler() { return json_parser.handler(); }

  void write(std::string_view bytes, bool more) {
    error_code error;
    const std::size_t used = json_parser.write_some(more, bytes.data(), bytes.size(), error);
    const bool extra = bytes.substr(used).find_first_not_of(" \t\r\n") != std::string_view::npos;
    if (handler().is_settled()) {
      now = state::found;
    } else if (error || extra) {
      now = state::unknown;
    }
  }
};

model_finder::model_finder(extent how_far, naming by) : parser_(std::make_unique<parser>()) {
  parser_->handler().start(how_far == extent::whole, by);
}
model_finder::model_finder(model_finder&&) noexcept = default;
model_finder& model_finder::operator=(model_finder&&) noexcept = default;
model_finder::~model_finder() = default;

void model_finder::start(extent how_far, naming by) {
  parser_->json_parser.reset();
  parser_->handler().start(how_far == extent::whole, by);
  parser_->now = state::reading;
}

model_finder::state model_finder::feed(std::string_view bytes) {
  if (parser_->now != state::reading || bytes.empty()) return parser_->now;
  if (parser_->json_parser.done()) {
    // Behind the document only white space may come: basic_parser would begin another one.
    if (bytes.find_first_not_of(" \t\r\n") != std::string_view::npos) parser_->now = state::unknown;
  } else {
    parser_->write(bytes, true);
  }
  return parser_->now;
}

model_finder::state model_finder::finish() {
  if (parser_->now != state::reading) return parser_->now;
  if (!parser_->json_parser.done()) parser_->write({}, false);
  if (parser_->now == state::reading) {
    parser_->now = parser_->handler().found().empty() ? state::unknown : state::found;
  }
  return parser_->now;
}

model_finder::state model_finder::now() const {
  return parser_->now;
}

std::string_view model_finder::name() const {
  return parser_->now == state::found ? std::string_view(parser_->handler().found())
                                      : std::string_view();
}

bool model_finder::names_more() const {
  return parser_->handler().more;
}

bool model_finder::ambiguous() const {
  return parser_->handler().members > 1 || parser_->handler().spelled_otherwise;
}

}  // namespace frpx::http
