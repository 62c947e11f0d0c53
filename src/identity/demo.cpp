#include "identity/demo.hpp"

#include "identity/api_keys.hpp"
#include "identity/passwords.hpp"

namespace frpx::identity {

result<void> seed_demo(store::store& store) {
  if (store.kind() != "memory") return store::errc::read_only;
  const wall_time now = wall_clock::now();
  auto hash = hash_password(secret("123456"));
  if (!hash) return hash.error();
  const store::user user{.id = "demo",
                         .email = "test@example.com",
                         .password_hash = std::move(*hash),
                         .role = store::role::client,
                         .created = now};
  if (const auto added = store.add_user(user); !added) return added;
  constexpr std::pair<const char*, const char*> keys[] = {{"demo-1", "abc123"},
                                                          {"demo-2", "test-api-key-123"}};
  for (const auto& [name, text] : keys) {
    const auto added = store.add_key(row_of_key(secret(text), name, user.id, std::nullopt, now));
    if (!added) return added;
  }
  return {};
}

}  // namespace frpx::identity
