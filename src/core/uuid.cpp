#include "core/uuid.hpp"

#include <cassert>
#include <cstring>

#include "core/bytes.hpp"
#include "core/hex.hpp"
#include "core/random.hpp"

namespace frpx {
namespace {

constexpr bool is_dash_position(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

uuid uuid::make() {
  uuid id;
  fill_random(id.bytes_);
  id.bytes_[6] = (id.bytes_[6] & std::byte{0x0f}) | std::byte{0x40};
  id.bytes_[8] = (id.bytes_[8] & std::byte{0x3f}) | std::byte{0x80};
  return id;
}

uuid uuid::make_for_worker(std::size_t worker) {
  assert(worker < 256);
  uuid id = make();
  id.bytes_[15] = static_cast<std::byte>(worker);
  return id;
}

uuid uuid::from_bytes(const std::byte* from) {
  uuid id;
  std::memcpy(id.bytes_.data(), from, id.bytes_.size());
  return id;
}

std::optional<uuid> uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uuid id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& target = id.bytes_[nibble++ / 2];
    target = target << 4 | static_cast<std::byte>(value);
  }
  return id;
}

std::string uuid::to_string() const {
  std::string text = to_hex(bytes_);
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
  return text;
}

std::size_t uuid::hash::operator()(const uuid& id) const {
  return static_cast<std::size_t>(load_little<std::uint64_t>(id.bytes_.data()));
}

}  // namespace frpx
