// What the parts of a server are told, from what the server was told.
#pragma once

#include "api/access.hpp"
#include "cache/redis/redis_cache.hpp"
#include "config/options.hpp"
#include "gateway/gateway.hpp"
#include "identity/key_checker.hpp"
#include "ports/ranges.hpp"
#include "server/resources.hpp"
#include "store/store.hpp"
#include "tunnel/frpx/dialect.hpp"
#include "tunnel/outer_ports.hpp"

namespace frpx::server {

// Pure but for the options that only the start finds wrong: those throw start_error.

identity::key_checker_options key_options(const config::frps_options& from,
                                          const store::store& store, cache::redis_cache* shared);
/// Threads that may wait for the database at once.
std::size_t blocking_threads(const config::frps_options& from, const store::store& store);
/// `--outer-ports`; empty: none.
ports::ranges outer_ranges(const config::frps_options& from);
/// Of the public port. To say by what it sticks is to choose the policy.
balance::policy policy_of(const config::frps_options& from);
gateway::options gateway_options(const config::frps_options& from, const capacity& most);
tunnel::outer_ports::options tunnel_options(const config::frps_options& from);
tunnel::frpx_dialect::options dialect_options(const config::frps_options& from);
api::access_rules access_rules_of(const config::frps_options& from);

}  // namespace frpx::server
