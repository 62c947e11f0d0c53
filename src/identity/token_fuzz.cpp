// No text is a token but one that was signed here, and none does harm.

#include "core/bytes.hpp"
#include "identity/token_signer.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace frpx::identity;
  static const token_signer signer{frpx::secret(std::string(32, 's'))};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The input first as it is, then as the members of a token that is signed well.
  REQUIRE(!signer.read(frpx::secret(std::string(text)), {}));
  const auto signed_token = signer.sign({std::string(text), "t1", {}, {}});
  if (signed_token) (void)signer.read(*signed_token, {});
  return 0;
}
