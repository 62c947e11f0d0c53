// Figures as Prometheus reads them.
#pragma once

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/durations.hpp"

namespace frpx {

/// Appends metrics to a string in the text format 0.0.4:
/// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
///
///     exposition out(text, "frpx_");
///     out.gauge("sessions", "Clients connected now.").sample(2);
///     out.counter("requests_total", "Requests.").sample(5, "status", "2xx");
///
/// No registry stands behind it: whoever counts does so where it costs least, on its own worker,
/// and is only read when somebody asks. The caller names each metric once, by Prometheus' rules
/// (https://prometheus.io/docs/practices/naming/): base units, counters end in `_total`.
class exposition {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  /// `prefix` begins the name of each metric.
  exposition(std::string& into, std::string_view prefix) : into_(into), prefix_(prefix) {}

  /// Begins a metric; `help` is one line without a backslash.
  exposition& counter(std::string_view name, std::string_view help) {
    return begin(name, "counter", help);
  }
  exposition& gauge(std::string_view name, std::string_view help) {
    return begin(name, "gauge", help);
  }
  /// A whole histogram.
  exposition& histogram(std::string_view name, std::string_view help, const durations& of);

  struct label {
    std::string_view name;
    std::string_view value;  ///< Any UTF-8.
  };
  /// A sample of the metric that was begun last.
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  exposition& sample(T value, std::initializer_list<label> labels) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    write({}, {text, static_cast<std::size_t>(end - text)}, labels);
    return *this;
  }
  template <class T>
  exposition& sample(T value) {
    return sample(value, {});
  }
  template <class T>
  exposition& sample(T value, std::string_view label_name, std::string_view label_value) {
    return sample(value, {{label_name, label_value}});
  }

 private:
  exposition& begin(std::string_view name, std::string_view type, std::string_view help);
  void write(std::string_view suffix, std::string_view value, std::initializer_list<label> labels);

  std::string& into_;
  const std::string prefix_;
  std::string name_;
};

}  // namespace frpx
