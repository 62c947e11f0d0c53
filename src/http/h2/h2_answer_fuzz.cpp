// However the bytes of an answer are cut, the same heads, payload and trailer are found.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/h2/answer_reader.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace frpx::http;

struct reading {
  std::string found;
  bool failed = false;
  bool complete = false;
  bool operator==(const reading&) const = default;
};

void note(reading& all, const h2::field_list& fields) {
  for (const auto& each : fields.entries()) {
    all.found.append(each.name).append("=").append(each.value).append("\n");
  }
}

reading read(std::string_view bytes, std::size_t slice, std::size_t most) {
  h2::answer_reader reader;
  h2::field_list fields;
  reading all;
  while (!bytes.empty() && !reader.complete()) {
    response_head head;
    const auto step = reader.feed(bytes.substr(0, slice), most, head);
    all.failed = !step;
    if (!step) return all;
    if (step->what == h2::answer_reader::found::interim ||
        step->what == h2::answer_reader::found::final) {
      fields.take(head);
      note(all, fields);
    }
    REQUIRE(step->payload.size() <= most && step->consumed > 0);
    all.found += step->payload;
    bytes.remove_prefix(step->consumed);
  }
  all.complete = reader.complete();
  fields.take_trailer(reader.trailer());
  note(all, fields);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const reading whole = read(bytes, bytes.size() + 1, bytes.size() + 1);
  const reading cut = read(bytes, 1U + data[0] % 16U, 1U + data[0] / 16U);
  REQUIRE(whole.failed == cut.failed && (whole.failed || whole == cut));
  return 0;
}
