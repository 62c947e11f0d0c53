#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "http/uri.hpp"

namespace frpx::http {
namespace {

struct segments {
  std::array<std::string, router::most_segments> texts;
  std::size_t count = 0;
};

// Nothing is found where there are more segments than any pattern has, so the rest is not looked
// at.
result<segments> cut(std::string_view path) {
  segments out;
  while (path.starts_with('/') && out.count < router::most_segments) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    auto decoded = percent_decode(path.substr(0, end));
    if (!decoded) return decoded.error();
    out.texts[out.count++] = std::move(*decoded);
    path.remove_prefix(end);
  }
  if (!path.empty()) out.count = 0;
  return out;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

response method_not_allowed(std::string allow) {
  response answer = refusal(405);
  answer.headers.push_back({"Allow", std::move(allow)});
  return answer;
}

}  // namespace

const router::method* router::place::find(std::string_view name) const {
  for (const std::string_view wanted : {name, std::string_view(name == "HEAD" ? "GET" : name)}) {
    const auto found = std::find_if(methods.begin(), methods.end(),
                                    [&](const method& each) { return each.name == wanted; });
    if (found != methods.end()) return &*found;
  }
  return nullptr;
}

std::string router::place::allow() const {
  std::string list;
  for (const method& each : methods) {
    if (!list.empty()) list += ", ";
    list += each.name;
    if (each.name == "GET" && find("HEAD") == &each) list += ", HEAD";
  }
  return list;
}

router::router(std::vector<route> routes) {
  for (route& each : routes) add(std::move(each));
  for (std::size_t i = 0; i < places_.size() && places_[i].parameters == 0; ++i) {
    std::string path;
    for (const auto& segment : places_[i].segments) path += "/" + *segment;
    literal_.emplace(std::move(path), i);
  }
}

void router::add(route what) {
  auto split = cut(what.pattern).value();
  place made;
  for (std::size_t i = 0; i < split.count; ++i) {
    const bool parameter = is_parameter(split.texts[i]);
    made.parameters += parameter;
    made.segments.push_back(parameter ? std::nullopt : std::optional(std::move(split.texts[i])));
  }
  if (split.count == 0 || made.parameters > request::most_parameters) {
    throw std::invalid_argument("not a pattern: " + std::string(what.pattern));
  }
  auto where = std::find_if(places_.begin(), places_.end(),
                            [&](const place& each) { return each.segments == made.segments; });
  if (where == places_.end()) {
    where = std::upper_bound(
        places_.begin(), places_.end(), made,
        [](const place& left, const place& right) { return left.parameters < right.parameters; });
    where = places_.insert(where, std::move(made));
  }
  for (const method& other : where->methods) {
    if (other.name != what.method) continue;
    throw std::invalid_argument("two routes for " + other.name + " " + std::string(what.pattern));
  }
  where->methods.push_back({std::string(what.method), std::move(what.serve)});
}

result<const router::place*> router::find(std::string_view path, request& asked) const {
  if (const auto whole = literal_.find(path); whole != literal_.end())
    return &places_[whole->second];
  auto split = cut(path);
  if (!split) return split.error();
  const auto fits = [&](const place& where) {
    if (where.segments.size() != split->count) return false;
    for (std::size_t i = 0; i < split->count; ++i) {
      const auto& wanted = where.segments[i];
      if (wanted ? split->texts[i] != *wanted : split->texts[i].empty()) return false;
    }
    return true;
  };
  const auto found = std::find_if(places_.begin(), places_.end(), fits);
  if (found == places_.end()) return nullptr;
  std::size_t next = 0;
  for (std::size_t i = 0; i < split->count; ++i) {
    if (!found->segments[i]) asked.parameters[next++] = std::move(split->texts[i]);
  }
  return &*found;
}

boost::asio::awaitable<response> router::operator()(request asked) const {
  const auto found = find(asked.head->path, asked);
  if (!found) return ready(refusal(400, "The path has a broken percent-encoding"));
  if (*found == nullptr) return ready(refusal(404));
  const method* const how = (*found)->find(asked.head->method);
  if (how == nullptr) return ready(method_not_allowed((*found)->allow()));
  return how->serve(std::move(asked));
}

}  // namespace frpx::http
