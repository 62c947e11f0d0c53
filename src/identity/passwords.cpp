#include "identity/passwords.hpp"

#include <sodium.h>

#include <array>

namespace frpx::identity {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = std::size_t{19} * 1024 * 1024;

bool is_possible(const secret& password) {
  return !password.empty() && password.reveal().size() <= longest_password;
}

// Chooses the fastest code for this processor; harmless to call again.
void start_sodium() {
  [[maybe_unused]] static const int started = sodium_init();
}

}  // namespace

result<std::string> hash_password(const secret& password) {
  if (!is_possible(password)) return errc::bad_password;
  start_sodium();
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.reveal().data(), password.reveal().size(), passes,
                            memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return errc::failed;
  }
  return std::string(out.data());
}

bool verify_password(const std::string& hash, const secret& password) {
  if (hash.size() >= crypto_pwhash_STRBYTES || !is_possible(password)) return false;
  start_sodium();
  // The whole buffer is read: https://doc.libsodium.org/password_hashing/default_phf
  std::array<char, crypto_pwhash_STRBYTES> padded{};
  hash.copy(padded.data(), hash.size());
  return crypto_pwhash_str_verify(padded.data(), password.reveal().data(),
                                  password.reveal().size()) == 0;
}

const std::string& dummy_password_hash() {
  // The cost of a real hash; salt and hash are zeros, which no password is known to give.
  static const std::string dummy =
      "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + std::string(43, 'A');
  return dummy;
}

}  // namespace frpx::identity
