#include "server/ready_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <fstream>

namespace frpx::server {

error_code write_ready_file(const std::filesystem::path& file, const api::listening_ports& ports) {
  auto temporary = file;
  temporary += ".new";
  {
    std::ofstream out(temporary, std::ios::trunc);
    out << fmt::format(R"({{"control":{},"proxy":{},"public":{},"api":{})", ports.control,
                       ports.proxy, ports.visitors, ports.api);
    if (ports.proxylite != 0) out << fmt::format(R"(,"proxylite":{})", ports.proxylite);
    out << "}\n";
    if (!out.flush()) return make_error_code(boost::system::errc::io_error);
  }
  std::error_code failed;
  std::filesystem::rename(temporary, file, failed);
  return failed;
}

}  // namespace frpx::server
