#include "server/resources.hpp"

#include <unistd.h>

#include <algorithm>

#include "net/descriptor_limit.hpp"

namespace frpx::server {
namespace {

constexpr std::size_t reserve = net::reserved_descriptors;
constexpr std::size_t usual_clients = 1024;
constexpr std::size_t fewest = 16;

}  // namespace

std::uint64_t quarter_of_memory() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return 1ull << 28;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) / 4;
}

std::uint64_t model_body_memory(const config::frps_options& options) {
  if (options.model_body_memory != 0) return options.model_body_memory;
  const std::uint64_t usual = std::min<std::uint64_t>(quarter_of_memory(), 1ull << 30);
  return std::max<std::uint64_t>(usual, 2ull * options.max_model_body);
}

capacity capacity_of(const config::frps_options& options, std::size_t descriptors) {
  const std::size_t usable =
      descriptors > reserve + 4 * fewest ? descriptors - reserve : 4 * fewest;
  capacity most;
  most.clients = options.max_clients != 0 ? options.max_clients
                                          : std::clamp(usable / 4, fewest, usual_clients);
  const std::size_t left = usable > most.clients ? usable - most.clients : 2 * fewest;
  most.visitors = options.max_visitors != 0 ? options.max_visitors : std::max(left / 2, fewest);
  return most;
}

}  // namespace frpx::server
