// Answers held against the OpenAPI document.
#pragma once

#include <boost/json/parse.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace frpx::api {

/// Knows the part of JSON Schema that our document uses, and takes it strictly: a member that is
/// not described is wrong, and so is a keyword that it does not know.
class described_api {
 public:
  explicit described_api(const std::string& document)
      : document_(boost::json::parse(document).as_object()) {}

  /// `GET /api/clients` and so on.
  std::set<std::string> operations() const {
    std::set<std::string> all;
    for (const auto& [path, methods] : document_.at("paths").as_object()) {
      for (const auto& each : methods.as_object()) {
        std::string method(each.key());
        std::transform(method.begin(), method.end(), method.begin(), ::toupper);
        all.insert(method + " " + std::string(path));
      }
    }
    return all;
  }

  /// How the answer differs from what is said of it; empty: it does not. Of a path or a method that
  /// is not described only a refusal may come.
  std::string problem_of(std::string_view method, std::string_view path,
                         const http::response& answer) const {
    static const boost::json::value refusal = {{"$ref", "#/components/schemas/refusal"}};
    const boost::json::object* operation = find(method, path);
    if (operation == nullptr) {
      return answer.status == 200 ? "not described" : differs(refusal, parsed(answer), "");
    }
    const char* const which = answer.status == 200 ? "200" : "default";
    const auto& content = operation->at("responses").at(which).at("content").as_object();
    const auto& [type, said] = *content.begin();
    if (!answer.content_type.starts_with(std::string_view(type))) return "another content type";
    if (type != "application/json") return {};
    const bool is_itself = path == "/api/openapi.json" && answer.status == 200;
    return is_itself ? "" : differs(said.at("schema"), parsed(answer), "");
  }

 private:
  using value = boost::json::value;

  static value parsed(const http::response& answer) { return boost::json::parse(answer.body); }

  static bool matches(std::string_view pattern, std::string_view path) {
    for (;;) {
      const auto wanted = pattern.substr(0, pattern.find('/'));
      const auto given = path.substr(0, path.find('/'));
      if (!wanted.starts_with('{') && wanted != given) return false;
      pattern.remove_prefix(wanted.size());
      path.remove_prefix(given.size());
      if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
      pattern.remove_prefix(1);
      path.remove_prefix(1);
    }
  }

  // A literal path is a better one.
  const boost::json::object* find(std::string_view method, std::string_view path) const {
    std::string name(method);
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    const boost::json::object* found = nullptr;
    for (const auto& [pattern, methods] : document_.at("paths").as_object()) {
      if (!matches(pattern, path) || !methods.as_object().contains(name)) continue;
      if (found == nullptr || pattern == path) found = &methods.at(name).as_object();
    }
    return found;
  }

  static bool is_of(std::string_view type, const value& what) {
    if (type == "object") return what.is_object();
    if (type == "array") return what.is_array();
    if (type == "string") return what.is_string();
    if (type == "boolean") return what.is_bool();
    if (type == "null") return what.is_null();
    if (type == "integer") return what.is_int64() || what.is_uint64();
    return type == "number" && what.is_number();
  }

  std::string differs(const value& schema, const value& what, const std::string& at) const {
    const auto& rules = schema.as_object();
    if (const auto* other = rules.if_contains("$ref")) {
      const std::string_view name = other->as_string();
      return differs(document_.at("components").at("schemas").at(name.substr(name.rfind('/') + 1)),
                     what, at);
    }
    for (const auto& [keyword, rule] : rules) {
      if (keyword == "type") {
        const auto fits = [&](const value& type) { return is_of(type.as_string(), what); };
        const bool fine = rule.is_array()
                              ? std::any_of(rule.as_array().begin(), rule.as_array().end(), fits)
                              : fits(rule);
        if (!fine) return at + " is of another type";
      } else if (keyword == "enum") {
        const auto& all = rule.as_array();
        if (std::find(all.begin(), all.end(), what) == all.end())
          return at + " is none of the enum";
      } else if (keyword == "required" && what.is_object()) {
        for (const value& name : rule.as_array()) {
          if (!what.as_object().contains(name.as_string())) {
            return at + " has no " + std::string(name.as_string());
          }
        }
      } else if (keyword == "items" && what.is_array()) {
        for (const value& each : what.as_array()) {
          if (auto wrong = differs(rule, each, at + "[]"); !wrong.empty()) return wrong;
        }
      } else if (keyword != "properties" && keyword != "additionalProperties" &&
                 keyword != "required" && keyword != "items") {
        return at + ": unknown keyword " + std::string(keyword);
      }
    }
    return what.is_object() ? members_differ(rules, what.as_object(), at) : std::string();
  }

  std::string members_differ(const boost::json::object& rules, const boost::json::object& what,
                             const std::string& at) const {
    const auto* known = rules.if_contains("properties");
    const auto* others = rules.if_contains("additionalProperties");
    for (const auto& [name, each] : what) {
      const std::string here = at + "." + std::string(name);
      const value* rule = known != nullptr ? known->as_object().if_contains(name) : nullptr;
      if (rule == nullptr) rule = others;
      if (rule == nullptr) return here + " is not described";
      if (auto wrong = differs(*rule, each, here); !wrong.empty()) return wrong;
    }
    return {};
  }

  const boost::json::object document_;
};

}  // namespace frpx::api
