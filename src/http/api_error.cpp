#include "http/api_error.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

#include "http/date.hpp"
#include "http/field.hpp"

namespace frpx::http {
namespace {

struct status_texts {
  int status;
  std::string_view reason;
  std::string_view text;
};

constexpr status_texts known_statuses[] = {
    {400, "Bad Request", "Invalid HTTP request format"},
    {401, "Unauthorized", missing_key_text},
    {403, "Forbidden", "Access denied"},
    {404, "Not Found", "Not found"},
    {405, "Method Not Allowed", "Method not allowed"},
    {408, "Request Timeout", "Request not received in time"},
    {409, "Conflict", "Conflict with the present state"},
    {413, "Content Too Large", "Request body too large"},
    {415, "Unsupported Media Type", "Body not understood"},
    {414, "URI Too Long", "Request target too long"},
    {417, "Expectation Failed", "Expectation not supported"},
    {421, "Misdirected Request", "Host not served here"},
    {429, "Too Many Requests", "Too many requests"},
    {431, "Request Header Fields Too Large", "Request header too large"},
    {500, "Internal Server Error", "Internal server error"},
    {501, "Not Implemented", "Method not supported"},
    {502, "Bad Gateway", "Local service gave no valid answer"},
    {503, "Service Unavailable", no_client_text},
    {504, "Gateway Timeout", "Local service did not answer in time"},
    {505, "HTTP Version Not Supported", "HTTP version not supported"},
};

const status_texts* find_texts(int status) {
  for (const status_texts& known : known_statuses) {
    if (known.status == status) return &known;
  }
  return nullptr;
}

// Status line, date, and the fields that describe the body.
std::string head_of(int status, std::size_t size, wall_time now) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
  out.append(reason_of(status)).append("\r\nDate: ").append(date_of(now));
  out.append("\r\nContent-Type: application/json\r\n");
  return out.append("Content-Length: ").append(std::to_string(size)).append("\r\n");
}

std::string_view connection_field(bool keep_alive) {
  return keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
}

}  // namespace

std::string_view error_text(int status) {
  const status_texts* known = find_texts(status);
  return known != nullptr ? known->text : "Request failed";
}

std::string_view reason_of(int status) {
  if (status == 200) return "OK";
  const status_texts* known = find_texts(status);
  return known != nullptr ? known->reason : "Error";
}

std::string error_envelope(std::string_view message, wall_time now) {
  // The order of the members is the public program's: boost::json keeps it.
  return boost::json::serialize(boost::json::object{{"success", false},
                                                    {"data", nullptr},
                                                    {"message", boost::json::string(message)},
                                                    {"timestamp", to_rfc3339(now)}});
}

std::string error_response(const error_answer& answer, wall_time now) {
  const std::string_view message =
      answer.message.empty() ? error_text(answer.status) : answer.message;
  const std::string body =
      answer.body.empty() ? error_envelope(message, now) : std::string(answer.body);
  std::string out = head_of(answer.status, body.size(), now);
  if (answer.status == 401) out.append("WWW-Authenticate: Bearer\r\n");
  if (answer.status == 401 && answer.offers_basic) {
    out.append("WWW-Authenticate: Basic realm=\"frpx\", charset=\"UTF-8\"\r\n");
  }
  if (answer.retry_after.count() > 0) {
    out.append("Retry-After: ").append(std::to_string(answer.retry_after.count())).append("\r\n");
  }
  for (const field& f : answer.extra) {
    out.append(f.name).append(": ").append(f.value).append("\r\n");
  }
  out.append(connection_field(answer.keep_alive));
  if (!answer.to_head) out.append(body);
  return out;
}

std::string json_response(std::string_view body, bool keep_alive, wall_time now,
                          std::span<const field> extra) {
  std::string out = head_of(200, body.size(), now);
  for (const field& f : extra) out.append(f.name).append(": ").append(f.value).append("\r\n");
  return out.append(connection_field(keep_alive)).append(body);
}

std::string_view key_in(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
    const auto key = authorization.find_first_not_of(' ', scheme.size());
    return authorization.substr(std::min(key, authorization.size()));
  }
  // `Bearer` alone is a scheme without a key: a field's value has no trailing white space.
  return equals_ignoring_case(authorization, "Bearer") ? std::string_view() : authorization;
}

}  // namespace frpx::http
