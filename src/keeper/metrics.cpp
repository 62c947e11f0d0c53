#include "keeper/metrics.hpp"

#include "core/exposition.hpp"

namespace frpx::keeper {

std::string metrics_text(const ports::leases::figures& leases, const counts& answers) {
  std::string text;
  exposition out(text, "frp_port_keeper_");
  out.counter("requests_total", "Requests of frps, by what was answered.")
      .sample(answers.known, "answer", "known")
      .sample(answers.given, "answer", "given")
      .sample(answers.rejected, "answer", "rejected")
      .sample(answers.failed, "answer", "failed")
      .sample(answers.unchanged, "answer", "unchanged")
      .sample(answers.invalid, "answer", "invalid");
  out.gauge("leases", "Leases.").sample(leases.leases);
  out.gauge("leases_outside", "Leases whose port lies outside of the ranges.")
      .sample(leases.outside);
  out.gauge("free_ports", "Ports of the ranges that nobody holds.").sample(leases.free_ports);
  out.counter("expired_total", "Leases freed because nobody used them.").sample(leases.expired);
  out.gauge("waiting", "Changes that wait for the disk.").sample(leases.waiting);
  out.counter("rounds_total", "Rounds of the store that wrote.").sample(leases.rounds);
  out.gauge("store_up", "Whether the store answered last time.").sample(leases.store_error ? 0 : 1);
  return text;
}

}  // namespace frpx::keeper
