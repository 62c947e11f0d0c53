#include "core/secret.hpp"

#include <sodium.h>

namespace frpx {

secret::~secret() {
  sodium_memzero(text_.data(), text_.size());
}

bool operator==(const secret& left, const secret& right) {
  return equal_in_constant_time(left.text_, right.text_);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace frpx
