#include "net/udp_address.hpp"

#include <sodium.h>

#include <span>

#include "core/random.hpp"
#include "net/socket.hpp"

namespace frpx::net {

udp_endpoint_hash::udp_endpoint_hash() {
  static_assert(sizeof key_ == crypto_shorthash_KEYBYTES);
  fill_random(std::as_writable_bytes(std::span(key_)));
}

std::size_t udp_endpoint_hash::operator()(const udp_endpoint& address) const {
  std::size_t hash = 0;
  static_assert(sizeof hash == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(address.data()), address.size(),
                   key_.data());
  return hash;
}

std::string to_string(const udp_endpoint& address) {
  return to_string(endpoint(address.address(), address.port()));
}

}  // namespace frpx::net
