#include "core/exposition.hpp"

namespace frpx {

exposition& exposition::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = prefix_ + std::string(name);
  into_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
  into_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
  return *this;
}

void exposition::write(std::string_view value, std::string_view label,
                       std::string_view label_value) {
  into_.append(name_);
  if (!label.empty()) {
    into_.append("{").append(label).append("=\"");
    for (const char c : label_value) {
      if (c == '\\' || c == '"') into_ += '\\';
      if (c == '\n') {
        into_.append("\\n");
      } else {
        into_ += c;
      }
    }
    into_.append("\"}");
  }
  into_.append(" ").append(value).append("\n");
}

}  // namespace frpx
