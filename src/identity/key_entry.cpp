#include "identity/key_entry.hpp"

#include <array>

#include "core/hex.hpp"
#include "core/names.hpp"
#include "core/words.hpp"

namespace frpx::identity {
namespace {

// version change asked expires outcome [id owner per_minute at_once =models =clients name]; times
// in microseconds since 1970, `-` for what is not there. The name comes last, for it may hold
// spaces.
constexpr std::string_view version = "2";
constexpr std::array faults{key_fault::none, key_fault::unknown, key_fault::revoked,
                            key_fault::expired};

std::int64_t micros(wall_time time) {
  return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::optional<wall_time> time(std::string_view text) {
  constexpr std::int64_t year_2262 = 9'214'646'400'000'000;  // beyond it our clock overflows
  const auto value = parse_number<std::int64_t>(text);
  if (!value || *value < 0 || *value > year_2262) return std::nullopt;
  return wall_time(std::chrono::microseconds(*value));
}

// Takes four words.
std::optional<store::key_limits> limits_in(std::string_view& text) {
  const auto per_minute = parse_number<std::uint32_t>(take_word(text));
  const auto at_once = parse_number<std::uint32_t>(take_word(text));
  if (!per_minute || !at_once) return std::nullopt;
  store::key_limits limits{.per_minute = *per_minute, .at_once = *at_once};
  for (auto* names : {&limits.models, &limits.clients}) {
    const std::string_view list = take_word(text);
    if (!list.starts_with('=')) return std::nullopt;
    *names = store::split_names(list.substr(1));
  }
  return store::is_valid(limits) ? std::optional(std::move(limits)) : std::nullopt;
}

}  // namespace

std::string to_text(const key_entry& entry) {
  std::string text(version);
  text += ' ' + std::to_string(entry.change) + ' ' + std::to_string(micros(entry.asked)) + ' ';
  text += entry.expires ? std::to_string(micros(*entry.expires)) : "-";
  text += ' ';
  text += to_string(entry.said.fault);
  if (entry.said.key) {
    const key_facts& key = *entry.said.key;
    text += ' ' + key.id + ' ' + (key.owner.empty() ? "-" : key.owner);
    text += ' ' + std::to_string(key.limits.per_minute) + ' ' + std::to_string(key.limits.at_once);
    for (const auto* names : {&key.limits.models, &key.limits.clients}) {
      text += " =" + store::join_names(*names);
    }
    text += ' ' + key.name;
  }
  return text;
}

std::optional<key_entry> parse_key_entry(std::string_view text) {
  if (take_word(text) != version) return std::nullopt;
  const auto change = parse_number<std::uint64_t>(take_word(text));
  const auto asked = time(take_word(text));
  const std::string_view end = take_word(text);
  const auto expires = time(end);
  const std::string_view fault = take_word(text);
  const auto* const which = std::find_if(faults.begin(), faults.end(),
                                         [&](key_fault each) { return to_string(each) == fault; });
  if (!change || !asked || (end != "-" && !expires) || which == faults.end()) return std::nullopt;
  key_entry out{*change, *asked, expires, {}};
  out.said.outcome = *which == key_fault::none ? standing::valid : standing::invalid;
  out.said.fault = *which;
  out.said.by = answered_by::redis;
  if (*which == key_fault::unknown) return text.empty() ? std::optional(out) : std::nullopt;
  const std::string id(take_word(text));
  const std::string_view owner = take_word(text);
  const auto limits = limits_in(text);
  if (!limits || !is_name(id) || !is_plain_text(text) || (owner != "-" && !is_name(owner))) {
    return std::nullopt;
  }
  out.said.key =
      std::make_shared<const key_facts>(key_facts{.id = id,
                                                  .name = std::string(text),
                                                  .owner = owner == "-" ? "" : std::string(owner),
                                                  .limits = *limits,
                                                  .expires = expires});
  return out;
}

std::string entry_name(std::string_view key) {
  return "key:" + to_hex(sha256(key));
}

}  // namespace frpx::identity
