#include "gateway/head_fields.hpp"

#include "core/names.hpp"

namespace frpx::gateway {

void head_fields::start(const http::request_head& head, bool trusted, quick_random& random) {
  const auto* given = trusted ? head.fields.find(http::field_id::x_request_id) : nullptr;
  std::string_view id;
  if (given != nullptr && is_name(given->value)) {
    id = given->value;
  } else {
    constexpr char digits[] = "0123456789abcdef";
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < made_.size(); ++i) {
      if (i % 16 == 0) bits = random();
      made_[i] = digits[bits & 15];
      bits >>= 4;
    }
    id = {made_.data(), made_.size()};
  }
  fields_[0] = {"X-Request-Id", id, http::field_id::x_request_id};
  count_ = 1;
}

void head_fields::name_client(std::string_view id) {
  fields_[1] = {"X-Frpx-Client", id, http::field_id::x_frpx_client};
  count_ = 2;
}

}  // namespace frpx::gateway
