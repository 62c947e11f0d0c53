#include "cache/memory/keyed_digest.hpp"

#include <sodium.h>

#include "core/random.hpp"

namespace frpx::cache {

static_assert(std::tuple_size_v<keyed_digest> == crypto_shorthash_siphashx24_BYTES);

digest_maker::digest_maker() {
  static_assert(sizeof key_ == crypto_shorthash_siphashx24_KEYBYTES);
  fill_random(std::as_writable_bytes(std::span(key_)));
}

keyed_digest digest_maker::operator()(std::string_view text) const {
  keyed_digest out;
  crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                              key_.data());
  return out;
}

}  // namespace frpx::cache
