#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "core/names.hpp"
#include "host/machine_id.hpp"
#include "host/metrics.hpp"
#include "host/models.hpp"
#include "host/proc.hpp"
#include "host/process.hpp"

namespace frpx::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* id_a = "0123456789abcdef0123456789abcdef";
constexpr const char* id_b = "fedcba9876543210fedcba9876543210";

TEST(process, tells_what_it_holds) {
  const process_figures before = read_process();
  EXPECT_GT(before.most_descriptors, before.open_descriptors);
  EXPECT_GT(before.resident_bytes, 1u << 20);
  EXPECT_GE(before.virtual_bytes, before.resident_bytes);
  EXPECT_GT(before.cpu_seconds, 0);
  const std::ifstream one("/proc/self/stat"), another("/proc/self/stat");
  EXPECT_EQ(read_process().open_descriptors, before.open_descriptors + 2);
}

TEST(machine_id, source_is_each_id_once_in_lower_case) {
  const std::string a = id_a, b = id_b;
  const struct {
    std::string etc, dbus, expected;
  } rows[] = {
      {a + "\n", "", a},
      {a + "\n", a + "\n", a},
      {"0123456789ABCDEF0123456789ABCDEF\r\n", "", a},
      {"", a, a},
      {b + "\n", a + "\n", a + "|" + b},
      {"uninitialized\n", "", ""},
      {a.substr(1) + "\n", a + "0\n", ""},
      {"", "", ""},
      {" " + a, "g" + a.substr(1), ""},
  };
  ASSERT_FALSE(std::empty(rows));
  for (const auto& row : rows) EXPECT_EQ(machine_id_source(row.etc, row.dbus), row.expected);
}

// Made with: printf 0123456789abcdef0123456789abcdef | openssl dgst -sha256 -hmac mySecretKey
TEST(machine_id, hash_is_that_of_the_public_client) {
  EXPECT_EQ(hash_machine_id(id_a),
            "8329b47e1a1408b19a8be0ebd286273404eb78e6f55258989263744bdf35211c");
}

class state_folder : public testing::Test {
 protected:
  state_folder() {
    std::string name = testing::TempDir() + "/frpx-host-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::bad_alloc();
    path = name;
  }
  ~state_folder() override { fs::remove_all(path); }
  fs::path path;
};

TEST_F(state_folder, keeps_a_generated_id) {
  const auto first = kept_machine_id(path);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(machine_id_source(*first, {}), *first);
  EXPECT_EQ(*kept_machine_id(path), *first);
  EXPECT_EQ(fs::status(path / "machine-id").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(path), {}), 1) << "a draft was left behind";
}

TEST_F(state_folder, two_that_start_at_once_get_one_id) {
  std::array<std::string, 8> ids;
  std::vector<std::thread> starters;
  for (auto& id : ids) {
    starters.emplace_back([&id, this] {
      if (auto kept = kept_machine_id(path)) id = *kept;
    });
  }
  for (auto& starter : starters) starter.join();
  for (const auto& id : ids) EXPECT_EQ(id, ids[0]);
  EXPECT_EQ(ids[0].size(), 32u);
}

TEST_F(state_folder, that_cannot_keep_it_is_an_error) {
  EXPECT_FALSE(kept_machine_id(path / "missing"));
  std::ofstream(path / "machine-id") << "broken\n";
  EXPECT_FALSE(kept_machine_id(path)) << "a file that is not ours must stay";
}

TEST_F(state_folder, real_id_is_a_client_id) {
  const auto id = machine_id(path);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->size(), 64u);
  EXPECT_TRUE(is_name(*id));
  EXPECT_EQ(*machine_id(path), *id);
}

TEST(proc, cpu_times_of_the_first_line) {
  const auto times =
      parse_cpu_times("cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->total, 100u + 20 + 30 + 400 + 50 + 6 + 7 + 8);
  EXPECT_EQ(times->busy, 100u + 20 + 30 + 6 + 7 + 8);
  EXPECT_EQ(parse_cpu_times("cpu 1 2 3 4")->total, 10u);
  for (const char* bad : {"", "cpu0 1 2 3 4", "cpu  1 2 3", "cpu  a b c d", "cpu  1 2 3 -4"}) {
    EXPECT_FALSE(parse_cpu_times(bad)) << bad;
  }
}

TEST(proc, cpu_usage_is_the_difference_of_two_readings) {
  EXPECT_FLOAT_EQ(cpu_usage({10, 100}, {35, 150}), 50);
  EXPECT_FLOAT_EQ(cpu_usage({10, 100}, {10, 200}), 0);
  EXPECT_FLOAT_EQ(cpu_usage({0, 0}, {100, 100}), 100);
  EXPECT_FLOAT_EQ(cpu_usage({10, 100}, {10, 100}), 0) << "no time has passed";
  EXPECT_FLOAT_EQ(cpu_usage({10, 100}, {5, 200}), 0) << "ran backwards";
  EXPECT_FLOAT_EQ(cpu_usage({10, 100}, {90, 50}), 0) << "ran backwards";
  EXPECT_FLOAT_EQ(cpu_usage({0, 0}, {200, 100}), 100) << "counters read at different moments";
}

TEST(proc, memory_that_a_new_program_cannot_have) {
  EXPECT_FLOAT_EQ(
      *parse_memory_usage("MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n"), 75);
  EXPECT_FLOAT_EQ(*parse_memory_usage("MemTotal: 10 kB\nMemAvailable: 20 kB\n"), 0);
  for (const char* bad : {"", "MemTotal: 1 kB\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n",
                          "MemTotal: x\nMemAvailable: 1\n", "XMemTotal: 9\nMemAvailable: 1\n"}) {
    EXPECT_FALSE(parse_memory_usage(bad)) << bad;
  }
}

TEST(metrics, of_this_machine_are_percentages) {
  meter m;
  for (int i = 0; i < 3; ++i) {
    const metrics now = m.read();
    for (const float value : {now.cpu_usage, now.memory_usage, now.disk_usage}) {
      EXPECT_TRUE(std::isfinite(value));
      EXPECT_GE(value, 0);
      EXPECT_LE(value, 100);
    }
    EXPECT_GT(now.memory_usage, 0);
    EXPECT_GT(now.disk_usage, 0);
  }
}

TEST(metrics, cpu_usage_sees_work) {
  meter m;
  metrics now;
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
       now.cpu_usage == 0 && std::chrono::steady_clock::now() < end;) {
    now = m.read();
  }
  EXPECT_GT(now.cpu_usage, 0) << "this loop itself keeps a core busy";
}

TEST(host_name, is_fit_for_a_message) {
  EXPECT_TRUE(is_plain_text(host_name()));
}

TEST(models, a_listing_as_ollama_writes_it) {
  const auto models = parse_models(
      R"({"object":"list","data":[{"id":"qwen2.5:latest","object":"model","created":1700000000,)"
      R"("owned_by":"library"},{"id":"llama3:8b","object":"model","created":5,"owned_by":"me"}]})");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->models.size(), 2u);
  EXPECT_EQ(models->models[0], (model{"qwen2.5:latest", "model", 1700000000, "library"}));
  EXPECT_EQ(models->models[1].owned_by, "me");
}

TEST(models, entries_are_mended_or_left_out) {
  const struct {
    const char* entry;
    std::vector<model> expected;
  } rows[] = {
      {R"({"id":"a"})", {{"a", "model", 0, ""}}},
      {R"({"id":"a","object":null,"created":null,"owned_by":null})", {{"a", "model", 0, ""}}},
      {R"({"id":"a","created":-1})", {{"a", "model", 0, ""}}},
      {R"({"id":"a","created":1.5})", {{"a", "model", 0, ""}}},
      {R"({"id":"a","created":1e3})", {{"a", "model", 1000, ""}}},
      {R"({"id":"a","created":1e300})", {{"a", "model", 0, ""}}},
      {R"({"id":"a","created":18446744073709551615})", {{"a", "model", 18446744073709551615u, ""}}},
      {R"({"id":"a","created":"7"})", {{"a", "model", 0, ""}}},
      {R"({"id":"\u0061\u00e9"})", {{"a\xc3\xa9", "model", 0, ""}}},
      {R"({"id":"x","id":"a"})", {{"a", "model", 0, ""}}},
      {R"({"id":"a"},{"id":"\u0061","owned_by":"later"})", {{"a", "model", 0, ""}}},
      {R"({"id":"a\n"})", {}},
      {R"({"id":"\u0000"})", {}},
      {R"({"id":""})", {}},
      {R"({"id":7})", {}},
      {R"({"object":"model"})", {}},
      {R"(7,null,"a",[])", {}},
  };
  ASSERT_FALSE(std::empty(rows));
  for (const auto& row : rows) {
    const auto models = parse_models("{\"data\":[" + std::string(row.entry) + "]}");
    ASSERT_TRUE(models) << row.entry << ": " << models.error().message();
    EXPECT_EQ(models->models, row.expected) << row.entry;
  }
}

TEST(models, ollamas_own_listing) {
  const auto models = parse_ollama_models(
      R"({"models":[{"name":"llama3:8b","model":"llama3:8b",)"
      R"("modified_at":"2024-05-01T10:00:00.12+08:00","size":4661224676,"digest":"365c0bd3",)"
      R"("details":{"format":"gguf","family":"llama","families":null,)"
      R"("parameter_size":"8.0B","quantization_level":"Q4_0"}},)"
      R"({"name":"hf.co/someone/its-model:Q4"},{"name":"someone/b","size":-1,"digest":7,)"
      R"("details":[],"modified_at":"0001-01-01T00:00:00Z"},{"size":1},{"name":"llama3:8b"}]})");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->models.size(), 3u);
  const model expected{"llama3:8b", "model", 1714528800, "library", 4661224676,
                       "365c0bd3",  "gguf",  "llama",    "8.0B",    "Q4_0"};
  EXPECT_EQ(models->models[0], expected);
  EXPECT_EQ(models->models[1].owned_by, "someone");
  EXPECT_EQ(models->models[2], (model{"someone/b", "model", 0, "someone"}));
  EXPECT_TRUE(parse_ollama_models(R"({"models":null})")->models.empty());
  EXPECT_EQ(parse_ollama_models(R"({"data":[]})").error(), models_errc::no_list);
}

TEST(models, what_is_no_listing_is_refused) {
  const std::pair<std::string, models_errc> rows[] = {
      {"", models_errc::not_json},
      {"{", models_errc::not_json},
      {"<html>", models_errc::not_json},
      {"{\"data\":[]}x", models_errc::not_json},
      {std::string(100'000, '['), models_errc::not_json},
      {"[]", models_errc::no_list},
      {"{}", models_errc::no_list},
      {"{\"data\":{}}", models_errc::no_list},
      {std::string(largest_listing + 1, ' '), models_errc::too_large},
  };
  ASSERT_FALSE(std::empty(rows));
  for (const auto& [body, expected] : rows) {
    EXPECT_EQ(parse_models(body).error(), expected) << body.substr(0, 20);
  }
  EXPECT_TRUE(parse_models("{\"object\":\"list\",\"data\":null}")->models.empty());
  EXPECT_TRUE(parse_models("{\"data\":[]}" + std::string(largest_listing - 11, ' ')));
}

TEST(models, are_bounded_in_number_and_length) {
  const auto listing = [](std::size_t count, std::size_t length) {
    std::string body = "{\"data\":[";
    for (std::size_t i = 0; i < count; ++i) {
      std::string id = std::to_string(i);
      id.resize(std::max(length, id.size()), 'x');
      body += (i == 0 ? "{\"id\":\"" : ",{\"id\":\"") + id + "\"}";
    }
    return body + "]}";
  };
  const auto counts = [&](std::size_t count, std::size_t id_size) {
    const auto all = parse_models(listing(count, id_size));
    return std::pair(all->models.size(), all->left_out);
  };
  using both = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(counts(most_models, 5), both(most_models, 0));
  EXPECT_EQ(counts(most_models + 3, 5), both(most_models, 3));
  const std::size_t fitting = longest_listing_text / (256 + 5);  // with "model"
  ASSERT_LT(fitting, most_models);
  EXPECT_EQ(counts(fitting, 256), both(fitting, 0));
  EXPECT_EQ(counts(fitting + 2, 256), both(fitting, 2));
  EXPECT_EQ(counts(2, 257), both(0, 2)) << "no plain text";
}

}  // namespace
}  // namespace frpx::host
