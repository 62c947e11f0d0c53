#include "api/lists.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "api/envelope.hpp"
#include "http/head.hpp"
#include "http/uri.hpp"

namespace frpx::api {
namespace {

namespace json = boost::json;
using http::request;
using http::response;

constexpr std::size_t most_parameters = 8;

/// What a query asks for.
struct part {
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  std::size_t offset = 0;
  std::string text;
  std::vector<std::pair<std::string, std::string>> members;
  bool is_whole = true;

  bool is_search() const { return !text.empty() || !members.empty(); }
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
std::string read_query(std::string_view query, std::span<const std::string_view> own, part& into) {
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

// The elements of a well-formed JSON array, as they stand there: a number that is parsed and
// printed again may look another.
std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> all;
  std::size_t depth = 0;
  bool in_text = false;
  std::size_t from = 1;
  for (std::size_t at = 1; at < array.size(); ++at) {
    const char c = array[at];
    if (in_text) {
      if (c == '\\') ++at;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      if (at != from) all.push_back(array.substr(from, at - from));
      from = at + 1;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return all;
}

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

using element_writer = std::function<void(json_writer&, std::size_t)>;

// How many elements fit; nothing when they have no such member. Those behind `offset`, up to
// `limit`, are written.
std::optional<std::size_t> write_found(json_writer& json, std::size_t count,
                                       const element_writer& write, const part& wish) {
  std::size_t total = 0;
  std::size_t taken = 0;
  std::string element;
  for (std::size_t place = 0; place < count; ++place) {
    element.clear();
    json_writer alone(element);
    write(alone, place);
    const auto wanted = fits(element, wish);
    if (!wanted) return std::nullopt;
    if (!*wanted || total++ < wish.offset || taken == wish.limit) continue;
    ++taken;
    json.raw(element);
  }
  return total;
}

}  // namespace

response listed(const request& asked, std::size_t count, const element_writer& write,
                std::span<const std::string_view> own) {
  part wish;
  if (const auto wrong = read_query(asked.head->query, own, wish); !wrong.empty()) {
    return http::refusal(400, wrong);
  }
  std::optional<std::size_t> total = count;
  response answer = success([&](json_writer& json) {
    json.begin_array();
    if (wish.is_search()) {
      total = write_found(json, count, write, wish);
    } else {
      const std::size_t from = std::min(wish.offset, count);
      const std::size_t to = from + std::min(wish.limit, count - from);
      for (std::size_t place = from; place < to; ++place) write(json, place);
    }
    json.end_array();
  });
  if (!total) return http::refusal(400, "The elements of this list have no such member");
  if (!wish.is_whole) answer.headers.push_back({"X-Total-Count", std::to_string(*total)});
  return answer;
}

response listed_text(const request& asked, std::string_view array,
                     std::span<const std::string_view> own) {
  return listed_rows(
      asked, elements_of(array),
      [](json_writer& json, std::string_view element) { json.raw(element); }, own);
}

}  // namespace frpx::api
