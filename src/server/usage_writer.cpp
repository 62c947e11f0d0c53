#include "server/usage_writer.hpp"

#include "core/log.hpp"
#include "core/random.hpp"

namespace frpx::server {

namespace asio = boost::asio;

namespace {

constexpr auto write_every = std::chrono::seconds(2);
constexpr auto patience = std::chrono::seconds(30);
constexpr std::size_t most_in_batch = 1000;

}  // namespace

usage_writer::usage_writer(net::blocking_pool& blocking, store::store& store,
                           gateway::gateway& entry, std::filesystem::path file, usage_sums& sums)
    : blocking_(blocking), store_(store), entry_(entry), file_(std::move(file)), sums_(sums) {}

asio::awaitable<void> usage_writer::run() {
  co_await read_file();
  for (;;) {
    co_await net::pause(write_every);
    while (next_batch() && co_await write_batch()) {
    }
  }
}

// What the last run could not write.
asio::awaitable<void> usage_writer::read_file() {
  if (file_.empty()) co_return;
  auto read = co_await blocking_.run([file = file_] { return read_usage_file(file); }, patience);
  if (!read) {
    log::error("{}: {}; what it holds is not counted", file_.string(), read.error().message());
    co_return;
  }
  left_over_ = std::move(*read);
  file_is_there_ = !left_over_.empty();
}

// Whether there is a batch to be written, in batch_.
bool usage_writer::next_batch() {
  if (!batch_.rows.empty()) return true;
  if (!left_over_.empty()) {
    batch_ = std::move(left_over_.back());
    left_over_.pop_back();
    return true;
  }
  auto [rows, lost_details] = entry_.usage().take(most_in_batch);
  if (lost_details) {
    static log::rate_limit limiter(1);
    if (limiter.pass()) {
      log::warn(
          "usage: more than {} kinds of requests wait to be written; what goes beyond is "
          "counted as {}{}",
          gateway::usage_inbox::most_rows, gateway::usage_table::others, limiter.more());
    }
  }
  if (rows.empty()) return false;
  sums_.add(rows);
  batch_ = {random_hex(8), std::move(rows)};
  return true;
}

asio::awaitable<bool> usage_writer::write_batch() {
  const auto done = co_await blocking_.run(
      [&store = store_, batch = batch_]() -> result<std::size_t> {
        const auto written = store.add_usage(batch.id, batch.rows);
        if (!written) return written.error();
        return batch.rows.size();
      },
      patience);
  co_return settle(done ? error_code() : done.error());
}

// Whether the batch is done with.
bool usage_writer::settle(error_code why) {
  if (why == store::errc::bad_value) {
    log::error("usage: the store refuses {} rows, which are lost: {}", batch_.rows.size(),
               why.message());
  } else if (why) {
    log::debug("usage: {} rows wait for the store: {}", batch_.rows.size(), why.message());
    return false;
  }
  batch_ = {};
  if (left_over_.empty()) remove_file();
  return true;
}

void usage_writer::remove_file() {
  if (!std::exchange(file_is_there_, false)) return;
  std::error_code failed;
  std::filesystem::remove(file_, failed);  // its batches count once, if it stays
}

void usage_writer::leave() {
  entry_.hand_in_usage();
  std::vector<usage_batch> left;
  while (next_batch()) {
    if (left.empty()) {
      const auto written = store_.add_usage(batch_.id, batch_.rows);
      if (settle(written ? error_code() : written.error())) continue;
    }
    left.push_back(std::exchange(batch_, usage_batch()));
  }
  if (left.empty()) return;
  const error_code failed = file_.empty()
                                ? make_error_code(boost::system::errc::no_such_file_or_directory)
                                : write_usage_file(file_, left);
  if (failed) {
    log::error("usage: {} batches are lost, for neither the database nor {} can be written: {}",
               left.size(), file_.string(), failed.message());
  } else {
    log::warn("usage: the database is away; {} batches are kept in {} for the next start",
              left.size(), file_.string());
  }
}

}  // namespace frpx::server
