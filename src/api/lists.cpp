#include "api/lists.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/head.hpp"
#include "http/uri.hpp"

namespace frpx::api {
namespace {

namespace json = boost::json;
using http::request;
using http::response;

constexpr std::size_t most_parameters = 8;
constexpr std::string_view before_data = R"({"success":true,"data":)";

/// What a query asks for.
struct part {
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  std::size_t offset = 0;
  std::string text;
  std::vector<std::pair<std::string, std::string>> members;
  bool is_whole = true;
};

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Why the parameter is wrong, or nothing.
std::string take_parameter(part& into, std::string name, std::string value) {
  into.is_whole = false;
  if (name == "limit" || name == "offset") {
    const auto number = number_in(value);
    if (!number) return "`" + name + "` must be a number";
    (name == "limit" ? into.limit : into.offset) = *number;
  } else if (name == "q") {
    into.text = std::move(value);
  } else {
    into.members.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

// The same of the whole query.
std::string read_query(std::string_view query, const std::vector<std::string_view>& own,
                       part& into) {
  if (query.starts_with('?')) query.remove_prefix(1);
  for (std::size_t count = 0; !query.empty(); ++count) {
    if (count == most_parameters) return "There are too many parameters";
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const auto equals = std::min(one.find('='), one.size());
    auto name = http::percent_decode(one.substr(0, equals), true);
    auto value = http::percent_decode(one.substr(std::min(equals + 1, one.size())), true);
    if (!name || !value) return "The query has a broken percent-encoding";
    if (name->empty() || std::find(own.begin(), own.end(), *name) != own.end()) continue;
    auto wrong = take_parameter(into, std::move(*name), std::move(*value));
    if (!wrong.empty()) return wrong;
  }
  return {};
}

/// Cuts the text of a JSON array into those of its elements, which stay as they were written: a
/// number that is parsed and printed again may look another.
class element_cutter {
 public:
  /// `array` is well-formed; what stands behind it is not looked at.
  explicit element_cutter(std::string_view array) : rest_(array.substr(1)) {}

  /// Nothing behind the last.
  std::optional<std::string_view> next() {
    if (rest_.starts_with(']')) return std::nullopt;
    std::size_t depth = 0;
    std::size_t at = 0;
    for (bool in_text = false;; ++at) {
      const char c = rest_[at];
      if (in_text) {
        if (c == '\\') ++at;
        in_text = c != '"';
      } else if (c == '"') {
        in_text = true;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == ']')) {
        break;
      } else if (c == ']' || c == '}') {
        --depth;
      }
    }
    const auto element = rest_.substr(0, at);
    rest_.remove_prefix(rest_[at] == ',' ? at + 1 : at);
    return element;
  }

  /// What stands behind the array, once there is no next.
  std::string_view behind() const { return rest_.substr(1); }

 private:
  std::string_view rest_;
};

bool holds(std::string_view text, std::string_view what) {
  const auto same = [](char left, char right) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(left) == lower(right);
  };
  return std::search(text.begin(), text.end(), what.begin(), what.end(), same) != text.end();
}

bool some_text_holds(const json::value& in, std::string_view what) {
  const auto look = [what](const json::value& each) { return some_text_holds(each, what); };
  if (in.is_string()) return holds(in.get_string(), what);
  if (in.is_array()) return std::any_of(in.get_array().begin(), in.get_array().end(), look);
  return in.is_object() && std::any_of(in.get_object().begin(), in.get_object().end(),
                                       [&](const auto& each) { return look(each.value()); });
}

bool is_text(const json::value& what, std::string_view text) {
  return what.is_string() ? what.get_string() == text : json::serialize(what) == text;
}

/// Whether an element is among those that are asked for; nothing when it has no such member.
std::optional<bool> fits(std::string_view element, const part& wish) {
  if (wish.text.empty() && wish.members.empty()) return true;
  const json::value parsed = json::parse(element);
  bool all = wish.text.empty() || some_text_holds(parsed, wish.text);
  for (const auto& [name, value] : wish.members) {
    const auto* member = parsed.is_object() ? parsed.get_object().if_contains(name) : nullptr;
    if (member == nullptr) return std::nullopt;
    all = all && (member->is_array()
                      ? std::any_of(member->get_array().begin(), member->get_array().end(),
                                    [&](const json::value& each) { return is_text(each, value); })
                      : is_text(*member, value));
  }
  return all;
}

response part_of(response whole, const part& wish) {
  const std::string_view body = whole.body;
  std::string cut(before_data);
  cut += '[';
  std::size_t total = 0;
  std::size_t taken = 0;
  element_cutter elements(body.substr(before_data.size()));
  while (const auto element = elements.next()) {
    const auto wanted = fits(*element, wish);
    if (!wanted) return http::refusal(400, "The elements of this list have no such member");
    if (!*wanted || total++ < wish.offset || taken == wish.limit) continue;
    if (taken++ != 0) cut += ',';
    cut += *element;
  }
  cut += ']';
  cut += elements.behind();
  whole.headers.push_back({"X-Total-Count", std::to_string(total)});
  whole.body = std::move(cut);
  return whole;
}

boost::asio::awaitable<response> list(const http::handler* whole,
                                      const std::vector<std::string_view>* own, request asked) {
  part wish;
  if (const auto wrong = read_query(asked.head->query, *own, wish); !wrong.empty()) {
    co_return http::refusal(400, wrong);
  }
  response all = co_await (*whole)(std::move(asked));
  const bool is_list = all.status == 200 && all.body.starts_with(std::string(before_data) + '[');
  if (wish.is_whole || !is_list) co_return all;
  co_return part_of(std::move(all), wish);
}

}  // namespace

http::handler listed(http::handler whole, std::vector<std::string_view> own) {
  struct made {
    http::handler whole;
    std::vector<std::string_view> own;
  };
  const auto kept = std::make_shared<const made>(made{std::move(whole), std::move(own)});
  return [kept](request asked) { return list(&kept->whole, &kept->own, std::move(asked)); };
}

}  // namespace frpx::api
