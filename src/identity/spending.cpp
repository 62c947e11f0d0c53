#include "identity/spending.hpp"

#include "core/names.hpp"
#include "core/words.hpp"

namespace frpx::identity {
namespace {

// version server [id time]...; times in nanoseconds.
constexpr std::string_view version = "1";

std::optional<std::chrono::nanoseconds> time_in(std::string_view text) {
  const auto value = parse_number<std::int64_t>(text);
  if (!value || *value <= 0 || *value > spending::largest.count()) return std::nullopt;
  return std::chrono::nanoseconds(*value);
}

}  // namespace

std::string to_text(std::string_view server, std::span<const spending> all) {
  std::string text(version);
  text.append(" ").append(server);
  for (const spending& each : all) {
    text.append(" ").append(each.key_id).append(" ").append(std::to_string(each.time.count()));
  }
  return text;
}

std::optional<spending_list> parse_spending_list(std::string_view text) {
  if (take_word(text) != version) return std::nullopt;
  spending_list list{std::string(take_word(text)), {}};
  if (!is_name(list.server) || text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::string_view id = take_word(text);
    const auto time = time_in(take_word(text));
    if (!is_name(id) || !time || list.all.size() == spending_list::longest) return std::nullopt;
    list.all.push_back({std::string(id), *time});
  }
  return list;
}

}  // namespace frpx::identity
