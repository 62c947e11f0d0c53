#include "core/exposition.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace frpx {
namespace {

TEST(exposition, writes_each_metric_with_its_help_type_and_samples) {
  std::string text = "# before\n";
  exposition out(text, "frpx_");
  out.counter("requests_total", "Requests.")
      .sample(std::uint64_t(18446744073709551615u), "status", "2xx")
      .sample(0, "status", "5xx");
  out.gauge("lag_seconds", "How late.").sample(0.0625);
  EXPECT_EQ(text,
            "# before\n"
            "# HELP frpx_requests_total Requests.\n"
            "# TYPE frpx_requests_total counter\n"
            "frpx_requests_total{status=\"2xx\"} 18446744073709551615\n"
            "frpx_requests_total{status=\"5xx\"} 0\n"
            "# HELP frpx_lag_seconds How late.\n"
            "# TYPE frpx_lag_seconds gauge\n"
            "frpx_lag_seconds 0.0625\n");
}

TEST(exposition, a_label_cannot_break_out_of_its_quotes) {
  std::string text;
  exposition out(text, "");
  out.gauge("x", "X.").sample(1, "client", "a\"} 2\nb\\");
  EXPECT_TRUE(text.ends_with("\nx{client=\"a\\\"} 2\\nb\\\\\"} 1\n")) << text;
}

}  // namespace
}  // namespace frpx
