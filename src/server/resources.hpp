// What the machine gives this process.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/options.hpp"

namespace frpx::server {

/// A quarter of the machine's memory, in bytes: what all links together may promise.
std::uint64_t quarter_of_memory();

/// What all requests may hold while their models are looked for, in bytes.
std::uint64_t model_body_memory(const config::frps_options& options);

/// How many may be here at once: what the options say, else what the descriptors allow.
struct capacity {
  std::size_t visitors = 0;
  std::size_t clients = 0;
};

/// 64 descriptors are kept in reserve; a visitor needs two (its own and a stream's), a client one.
capacity capacity_of(const config::frps_options& options, std::size_t descriptors);

}  // namespace frpx::server
