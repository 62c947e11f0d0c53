#include "keeper/metrics.hpp"

namespace frpx::keeper {
namespace {

class exposition {
 public:
  exposition& metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "frp_port_keeper_" + std::string(name);
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n";
    text_ += "# TYPE " + name_ + " " + std::string(type) + "\n";
    return *this;
  }
  exposition& sample(std::uint64_t value, std::string_view labels = {}) {
    text_ += name_ + std::string(labels) + " " + std::to_string(value) + "\n";
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace

std::string metrics_text(const ports::leases::figures& leases, const counts& answers) {
  exposition out;
  out.metric("requests_total", "counter", "Requests of frps, by what was answered.")
      .sample(answers.known, R"({answer="known"})")
      .sample(answers.given, R"({answer="given"})")
      .sample(answers.rejected, R"({answer="rejected"})")
      .sample(answers.failed, R"({answer="failed"})")
      .sample(answers.unchanged, R"({answer="unchanged"})")
      .sample(answers.invalid, R"({answer="invalid"})");
  out.metric("leases", "gauge", "Leases.").sample(leases.leases);
  out.metric("leases_outside", "gauge", "Leases whose port lies outside of the ranges.")
      .sample(leases.outside);
  out.metric("free_ports", "gauge", "Ports of the ranges that nobody holds.")
      .sample(leases.free_ports);
  out.metric("expired_total", "counter", "Leases freed because nobody used them.")
      .sample(leases.expired);
  out.metric("waiting", "gauge", "Changes that wait for the disk.").sample(leases.waiting);
  out.metric("rounds_total", "counter", "Rounds of the store that wrote.").sample(leases.rounds);
  out.metric("store_up", "gauge", "Whether the store answered last time.")
      .sample(leases.store_error ? 0 : 1);
  return out.take();
}

}  // namespace frpx::keeper
