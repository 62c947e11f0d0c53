// The options as a page of the documentation.
#pragma once

#include <string>

namespace frpx::config {

/// docs/options.md, whole: one heading for each option of all programs, made from their tables.
std::string options_page();

}  // namespace frpx::config
