#include "server/usage_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/file.hpp"
#include "core/words.hpp"

namespace frpx::server {
namespace {

using std::chrono::hours;

constexpr std::string_view batch_word = "batch ";
constexpr std::size_t largest_file = 64 * 1024 * 1024;  // bytes; what waits is bounded before

std::string line_of(const store::usage_row& row) {
  std::string line = std::to_string(row.hour.time_since_epoch() / hours(1)) + ' ' + row.key + ' ' +
                     (row.client.empty() ? "-" : row.client);
  for (const std::uint64_t each :
       {row.of.requests, row.of.errors, row.of.bytes_in, row.of.bytes_out, row.of.prompt_tokens,
        row.of.completion_tokens}) {
    line += ' ' + std::to_string(each);
  }
  return line + ' ' + row.model + '\n';
}

std::optional<store::usage_row> row_in(std::string_view line) {
  store::usage_row row;
  constexpr std::int32_t year_2250 = 2'454'000;  // beyond it our clock overflows
  const auto hour = parse_number<std::int32_t>(take_word(line));
  if (!hour || *hour < 0 || *hour > year_2250) return std::nullopt;
  row.hour = wall_time(hours(*hour));
  row.key = take_word(line);
  row.client = take_word(line);
  if (row.client == "-") row.client.clear();
  for (std::uint64_t* each : {&row.of.requests, &row.of.errors, &row.of.bytes_in, &row.of.bytes_out,
                              &row.of.prompt_tokens, &row.of.completion_tokens}) {
    const auto number = parse_number<std::uint64_t>(take_word(line));
    if (!number) return std::nullopt;
    *each = *number;
  }
  row.model = line;
  return store::is_valid(row) ? std::optional(std::move(row)) : std::nullopt;
}

}  // namespace

error_code write_usage_file(const std::filesystem::path& file,
                            const std::vector<usage_batch>& batches) {
  std::string text;
  for (const usage_batch& batch : batches) {
    text += std::string(batch_word) + batch.id + '\n';
    for (const store::usage_row& row : batch.rows) text += line_of(row);
  }
  return replace_file(file, text);
}

result<std::vector<usage_batch>> read_usage_file(const std::filesystem::path& file) {
  std::vector<usage_batch> batches;
  const auto text = read_file(file, largest_file);
  if (!text && text.error() == boost::system::errc::no_such_file_or_directory) return batches;
  if (!text) return text.error();
  for (std::string_view left = *text; !left.empty();) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    if (line.starts_with(batch_word)) {
      batches.push_back({std::string(line.substr(batch_word.size())), {}});
      continue;
    }
    auto row = row_in(line);
    if (!row || batches.empty()) return make_error_code(boost::system::errc::bad_message);
    batches.back().rows.push_back(std::move(*row));
  }
  std::erase_if(batches, [](const usage_batch& each) { return each.rows.empty(); });
  return batches;
}

}  // namespace frpx::server
