#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/process.hpp"

namespace frpx::host {
namespace {

// One is that of the reading itself.
std::uint64_t count_descriptors() {
  std::error_code failed;
  std::filesystem::directory_iterator each("/proc/self/fd", failed);
  std::uint64_t count = 0;
  for (; !failed && each != std::filesystem::directory_iterator(); each.increment(failed)) ++count;
  return count == 0 ? 0 : count - 1;
}

}  // namespace

process_figures read_process() {
  process_figures now;
  now.open_descriptors = count_descriptors();
  if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    now.most_descriptors = limit.rlim_cur;
  }
  std::uint64_t pages = 0, resident = 0;
  if (std::ifstream("/proc/self/statm") >> pages >> resident) {  // proc(5)
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    now.virtual_bytes = pages * page;
    now.resident_bytes = resident * page;
  }
  if (timespec used{}; ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0) {
    now.cpu_seconds = static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  }
  return now;
}

}  // namespace frpx::host
