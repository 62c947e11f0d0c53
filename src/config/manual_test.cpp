#include "config/manual.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace frpx::config {
namespace {

// `FRPX_WRITE_DOCS=1 test_config` writes the page anew.
TEST(manual, options_page_is_what_the_tables_say) {
  const std::string path = FRPX_SOURCE_DIR "/docs/options.md";
  if (std::getenv("FRPX_WRITE_DOCS") != nullptr) std::ofstream(path) << options_page();
  std::ifstream file(path);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(page == options_page())
      << "docs/options.md differs from the tables; run: FRPX_WRITE_DOCS=1 test_config";
}

TEST(manual, names_every_option_with_its_default) {
  const std::string page = options_page();
  for (const char* part : {"\n## frps\n", "\n## frpc\n", "#### `--control-port PORT`\n",
                           "Default: `17000`.", "Environment: `FRPX_DATABASE_URL`, `DATABASE_URL`.",
                           "Short: `-c`.", "#### `--demo`\n", "`FRPX_CONFIG`. Not in the file."}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace frpx::config
