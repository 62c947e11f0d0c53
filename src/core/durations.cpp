#include "core/durations.hpp"

namespace frpx {

durations& durations::operator+=(const durations& more) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += more.counts[i];
  seconds += more.seconds;
  return *this;
}

durations durations::operator-(const durations& before) const {
  durations out = *this;
  for (std::size_t i = 0; i < counts.size(); ++i) out.counts[i] -= before.counts[i];
  out.seconds -= before.seconds;
  return out;
}

double durations::quantile(double of) const {
  const double rank = of * static_cast<double>(count());
  double below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= rank) {
      const double from = i == 0 ? 0 : bounds[i - 1];
      return from + (bounds[i] - from) * (rank - below) / here;
    }
    below += here;
  }
  return counts.back() == 0 ? 0 : bounds.back();
}

durations duration_counter::so_far() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  durations out;
  for (std::size_t i = 0; i < counts_.size(); ++i) out.counts[i] = counts_[i].load(relaxed);
  out.seconds = static_cast<double>(micros_.load(relaxed)) / 1e6;
  return out;
}

}  // namespace frpx
