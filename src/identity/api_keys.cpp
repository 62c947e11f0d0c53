#include "identity/api_keys.hpp"

#include <sodium.h>

#include <array>

#include "core/random.hpp"

namespace frpx::identity {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t id_bytes = 8;
constexpr int alphabet = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

store::api_key row_of_key(const secret& text, std::string name, std::string owner,
                          std::optional<wall_time> expires, wall_time now) {
  return {.id = random_hex(id_bytes),
          .name = std::move(name),
          .owner = std::move(owner),
          .hash = sha256(text.reveal()),
          .expires = expires,
          .created = now};
}

new_key make_key(std::string name, std::string owner, std::optional<wall_time> expires,
                 wall_time now) {
  std::array<std::byte, secret_bytes> raw{};
  fill_random(raw);
  std::array<char, sodium_base64_ENCODED_LEN(secret_bytes, alphabet)> printed{};
  sodium_bin2base64(printed.data(), printed.size(),
                    reinterpret_cast<const unsigned char*>(raw.data()), raw.size(), alphabet);
  secret text(std::string("frpx_") + printed.data());
  sodium_memzero(raw.data(), raw.size());
  sodium_memzero(printed.data(), printed.size());
  store::api_key row = row_of_key(text, std::move(name), std::move(owner), expires, now);
  return {std::move(text), std::move(row)};
}

}  // namespace frpx::identity
