#include "api/dashboard_files.hpp"

#include <algorithm>

#include "http/accept_encoding.hpp"

namespace frpx::api {
namespace {

using http::request_head;
using http::response;

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";  // so: no innerHTML

constexpr std::string_view no_dashboard =
    "This frps was built without its dashboard (FRPX_DASHBOARD=OFF).\n"
    "The API is here: GET /api/openapi.json describes it.\n";

void guard_page(response& answer) {
  answer.headers.push_back({"Content-Security-Policy", std::string(policy)});
  answer.headers.push_back({"X-Content-Type-Options", "nosniff"});
  answer.headers.push_back({"Referrer-Policy", "no-referrer"});
}

// RFC 9110, 13.1.2: a list of tags, compared weakly; or any.
bool has_tag(std::string_view list, std::string_view etag) {
  if (list == "*") return true;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto one = list.substr(0, end);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// Two forms of one file need two tags (RFC 9110, 8.8.3.3).
std::string tag_of(const dashboard_file& file, bool compressed) {
  std::string tag(file.etag);
  if (compressed) tag.insert(tag.size() - 1, "-gzip");
  return tag;
}

response file_answer(const dashboard_file& file, const request_head& asked) {
  response answer;
  const bool is_versioned = file.path.starts_with("/assets/");
  const bool compressed = http::prefers_gzip(asked);
  const std::string tag = tag_of(file, compressed);
  answer.headers.push_back({"ETag", tag});
  answer.headers.push_back({"Vary", "Accept-Encoding"});
  answer.headers.push_back(
      {"Cache-Control", is_versioned ? "public, max-age=31536000, immutable" : "no-cache"});
  const http::field* known = asked.fields.find("If-None-Match");
  if (known != nullptr && has_tag(known->value, tag)) {
    answer.status = 304;
    return answer;
  }
  guard_page(answer);
  if (compressed) answer.headers.push_back({"Content-Encoding", "gzip"});
  answer.content_type = file.content_type;
  const auto bytes = compressed ? file.gzip : file.plain;
  answer.body.assign(bytes.begin(), bytes.end());
  return answer;
}

response missing_page() {
  response answer;
  guard_page(answer);
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = no_dashboard;
  return answer;
}

}  // namespace

http::handler beside_dashboard(std::span<const dashboard_file> files, http::handler next) {
  return [files, next = std::move(next)](http::request asked) {
    const request_head& head = *asked.head;
    if (head.method != "GET" && head.method != "HEAD") return next(std::move(asked));
    const auto file = std::find_if(files.begin(), files.end(), [&](const dashboard_file& each) {
      return each.path == head.path;
    });
    if (file != files.end()) return http::ready(file_answer(*file, head));
    if (head.path == "/" && files.empty()) return http::ready(missing_page());
    return next(std::move(asked));
  };
}

}  // namespace frpx::api
