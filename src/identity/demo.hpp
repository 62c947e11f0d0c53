// What `--demo` starts with.
#pragma once

#include "core/result.hpp"
#include "store/store.hpp"

namespace frpx::identity {

/// Adds the user `test@example.com` with password `123456` and the API keys `abc123` and
/// `test-api-key-123`, all of which are public knowledge: only a store in memory takes them, any
/// other is refused with store::errc::read_only. Blocks.
result<void> seed_demo(store::store& store);

}  // namespace frpx::identity
