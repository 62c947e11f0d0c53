#include "http/accept_encoding.hpp"

#include <algorithm>
#include <optional>

namespace frpx::http {
namespace {

constexpr int whole = 1000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts `text` at the first `mark` and gives what stood before it.
std::string_view take(std::string_view& text, char mark) {
  const std::string_view before = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(text.size(), before.size() + 1));
  return trimmed(before);
}

// A weight of RFC 9110, 12.4.2, in thousandths; what has another form weighs nothing.
int weight_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) return 0;
  int weight = 0;
  int unit = whole;
  for (const char c : text) {
    if (c == '.') continue;
    if (c < '0' || c > '9') return 0;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= whole ? weight : 0;
}

// What one element of the list says: `gzip`, or `gzip;q=0.5`.
int weight_in(std::string_view element) {
  take(element, ';');
  for (std::string_view left = element; !left.empty();) {
    std::string_view parameter = take(left, ';');
    if (equals_ignoring_case(take(parameter, '='), "q")) return weight_of(trimmed(parameter));
  }
  return whole;
}

}  // namespace

bool prefers_gzip(const request_head& asked) {
  std::optional<int> gzip;
  std::optional<int> plain;
  std::optional<int> rest;
  for (const field& each : asked.fields) {
    if (!equals_ignoring_case(each.name, "Accept-Encoding")) continue;
    for (std::string_view list = each.value; !list.empty();) {
      const std::string_view element = take(list, ',');
      const std::string_view coding = trimmed(element.substr(0, element.find(';')));
      if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
        gzip = weight_in(element);
      } else if (equals_ignoring_case(coding, "identity")) {
        plain = weight_in(element);
      } else if (coding == "*") {
        rest = weight_in(element);
      }
    }
  }
  const int with_gzip = gzip ? *gzip : rest.value_or(0);
  return with_gzip > 0 && with_gzip >= plain.value_or(0);
}

}  // namespace frpx::http
