// Short digests for tables of this process alone.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace frpx::cache {

using keyed_digest = std::array<std::byte, 16>;

/// Turns texts into digests with SipHash-2-4-128 (https://www.aumasson.jp/siphash) under a random
/// key that nobody outside of this object knows, so that nobody can aim at a digest. A sixth of
/// what SHA-256 costs; of no use to another process. Any thread may call.
class digest_maker {
 public:
  digest_maker();
  keyed_digest operator()(std::string_view text) const;

 private:
  std::array<unsigned char, 16> key_{};
};

}  // namespace frpx::cache
