#include "api/audit.hpp"

#include "core/log.hpp"
#include "core/names.hpp"

namespace frpx::api {

void log_change(std::string_view what, std::string_view which, const net::endpoint& by,
                std::string_view how_it_ended) {
  log::info("audit: {} {} by {}: {}", what, shown(which), net::to_string(by), shown(how_it_ended));
}

}  // namespace frpx::api
