#include "core/exposition.hpp"

#include <utility>

namespace frpx {

exposition& exposition::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = prefix_ + std::string(name);
  into_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
  into_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
  return *this;
}

exposition& exposition::histogram(std::string_view name, std::string_view help,
                                  const durations& of) {
  begin(name, "histogram", help);
  const auto text_of = [](auto number) {
    char text[32];
    return std::string(text, std::to_chars(text, text + sizeof text, number).ptr);
  };
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < of.counts.size(); ++i) {
    up_to += of.counts[i];
    const bool is_last = i == durations::bounds.size();
    const std::string bound = is_last ? "+Inf" : text_of(durations::bounds[i]);
    write("_bucket", text_of(up_to), {{"le", bound}});
  }
  write("_sum", text_of(of.seconds), {});
  write("_count", text_of(up_to), {});
  return *this;
}

void exposition::write(std::string_view suffix, std::string_view value,
                       std::initializer_list<label> labels) {
  into_.append(name_).append(suffix);
  bool is_first = true;
  for (const label& each : labels) {
    into_.append(std::exchange(is_first, false) ? "{" : ",").append(each.name).append("=\"");
    for (const char c : each.value) {
      if (c == '\\' || c == '"') into_ += '\\';
      if (c == '\n') {
        into_.append("\\n");
      } else {
        into_ += c;
      }
    }
    into_ += '"';
  }
  if (!is_first) into_ += '}';
  into_.append(" ").append(value).append("\n");
}

}  // namespace frpx
