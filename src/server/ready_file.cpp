#include "server/ready_file.hpp"

#include <spdlog/fmt/fmt.h>

#include "core/file.hpp"

namespace frpx::server {

error_code write_ready_file(const std::filesystem::path& file, const api::listening_ports& ports) {
  std::string text = fmt::format(R"({{"control":{},"proxy":{},"public":{},"api":{})", ports.control,
                                 ports.proxy, ports.visitors, ports.api);
  if (ports.proxylite != 0) text += fmt::format(R"(,"proxylite":{})", ports.proxylite);
  return replace_file(file, text + "}\n", 0644);
}

}  // namespace frpx::server
