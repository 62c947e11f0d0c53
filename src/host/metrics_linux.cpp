#ifdef __linux__

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "core/names.hpp"
#include "host/metrics.hpp"
#include "host/proc.hpp"

namespace frpx::host {
namespace {

// Enough of a /proc file; it is made in memory, so reading it never waits.
std::string head_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(4096, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// As df counts: what root alone may use is in neither number.
float disk_usage(const char* path) {
  struct statvfs disk{};
  if (::statvfs(path, &disk) != 0) return 0;
  const double used = static_cast<double>(disk.f_blocks - std::min(disk.f_bfree, disk.f_blocks));
  const double usable = used + static_cast<double>(disk.f_bavail);
  return usable > 0 ? static_cast<float>(100.0 * used / usable) : 0;
}

}  // namespace

meter::meter() : before_(parse_cpu_times(head_of("/proc/stat")).value_or(cpu_times())) {}

metrics meter::read() {
  const cpu_times now = parse_cpu_times(head_of("/proc/stat")).value_or(before_);
  metrics measured;
  measured.cpu_usage = host::cpu_usage(std::exchange(before_, now), now);
  measured.memory_usage = parse_memory_usage(head_of("/proc/meminfo")).value_or(0.0F);
  measured.disk_usage = disk_usage("/");
  return measured;
}

std::string host_name() {
  char name[257] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || !is_plain_text(name)) return "unknown";
  return name;
}

}  // namespace frpx::host

#endif
