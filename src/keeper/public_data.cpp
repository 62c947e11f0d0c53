#include "keeper/public_data.hpp"

#include <boost/json/parse.hpp>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <map>

#include "core/file.hpp"
#include "core/json_writer.hpp"
#include "core/names.hpp"
#include "http/uri.hpp"

namespace frpx::keeper {

namespace json = boost::json;

namespace {

using read_result = boost::system::result<public_data, std::string>;

constexpr std::size_t largest_file = 64 * 1024 * 1024;
constexpr std::size_t largest_record = 64 * 1024;
constexpr std::size_t most_records = 200'000;

std::optional<std::uint16_t> port_of(const json::value& value) {
  const auto* const number = value.if_int64();
  if (number == nullptr || *number < 1 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool good = failed == std::errc() && end == text.data() + text.size() && port != 0;
  return good ? std::optional(port) : std::nullopt;
}

// Puts the two halves of each pair together: what proxies say, then what only ports say.
class pairs {
 public:
  void proxy(const std::string& name, std::optional<std::uint16_t> port) {
    if (!port || !is_plain_text(name)) return complain(name);
    proxies_.emplace(name, *port);
  }
  void port(std::optional<std::uint16_t> port, const std::string& name) {
    if (!port || !is_plain_text(name)) return complain(name);
    ports_.emplace(name, *port);
  }
  public_data join() {
    for (const auto& [name, port] : ports_) proxies_.emplace(name, port);
    for (const auto& [name, port] : proxies_) data_.ports.push_back({name, port});
    return std::move(data_);
  }
  void complain(std::string_view what) {
    data_.complaints.push_back("the record of \"" + shown(what) + "\" is no port of a proxy");
  }

 private:
  std::map<std::string, std::uint16_t> proxies_;
  std::map<std::string, std::uint16_t> ports_;
  public_data data_;
};

std::string text_of(json::string_view text) {
  return {text.data(), text.size()};
}

// One record of the older version: what it is about is told by its content, not by its name.
void read_record(const std::filesystem::path& file, pairs& into) {
  const auto key = http::percent_decode(file.stem().string());
  const auto text = read_file(file, largest_record);
  json::error_code failed;
  const json::value record = text ? json::parse(*text, failed) : json::value();
  const auto* const members = record.if_object();
  if (!key || failed || members == nullptr) return into.complain(file.filename().string());
  if (const auto* const port = members->if_contains("Port")) {
    into.proxy(*key, port_of(*port));
  } else if (const auto* const proxy = members->if_contains("Proxy");
             proxy != nullptr && proxy->is_string()) {
    into.port(port_of(*key), text_of(proxy->get_string()));
  } else {
    into.complain(file.filename().string());
  }
}

// As Go's url.PathEscape: what may stand in one segment of a path.
std::string escaped(std::string_view name) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+=:@";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != plain.npos) {
      out += c;
    } else {
      out.append(1, '%').append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    }
  }
  return out;
}

error_code write_record(const std::filesystem::path& folder, std::string_view key,
                        const std::string& text) {
  std::ofstream out(folder / (escaped(key) + ".json"), std::ios::binary | std::ios::trunc);
  out << text;
  return out.flush() ? error_code() : make_error_code(boost::system::errc::io_error);
}

}  // namespace

std::string_view to_string(data_format value) {
  return value == data_format::json ? "json" : "gokv";
}

std::optional<data_format> parse_data_format(std::string_view text) {
  if (text == "json") return data_format::json;
  if (text == "gokv") return data_format::gokv;
  return std::nullopt;
}

read_result read_public_json(std::string_view text) {
  json::error_code failed;
  const json::value root = json::parse({text.data(), text.size()}, failed);
  if (failed) return "is not JSON: " + failed.message();
  const auto* const members = root.if_object();
  if (members == nullptr) return std::string("is no JSON object");
  pairs read;
  const auto* const proxies = members->if_contains("proxies");
  const auto* const ports = members->if_contains("ports");
  for (const auto* const each : {proxies, ports}) {
    if (each != nullptr && !each->is_object())
      return std::string("has no object of proxies or ports");
  }
  if (proxies == nullptr && ports == nullptr) return std::string("has neither proxies nor ports");
  if (proxies != nullptr) {
    for (const auto& [name, port] : proxies->get_object()) read.proxy(text_of(name), port_of(port));
  }
  if (ports != nullptr) {
    for (const auto& [port, name] : ports->get_object()) {
      const auto* const who = name.if_string();
      read.port(port_of(text_of(port)), who == nullptr ? std::string() : text_of(*who));
    }
  }
  return read.join();
}

read_result read_gokv(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::directory_iterator at(folder, failed);
  if (failed) return "cannot be read: " + failed.message();
  pairs read;
  std::size_t count = 0;
  for (; at != std::filesystem::directory_iterator(); at.increment(failed)) {
    if (at->path().extension() != ".json") continue;
    if (++count > most_records) return std::string("has more than 200000 records");
    read_record(at->path(), read);
    if (failed) break;
  }
  if (failed) return "cannot be read: " + failed.message();
  return read.join();
}

read_result read_public_data(const std::filesystem::path& from, data_format as) {
  if (as == data_format::gokv) return read_gokv(from);
  const auto text = read_file(from, largest_file);
  if (!text && text.error() == file_errc::too_large) return std::string("is larger than 64 MiB");
  if (!text) return "cannot be read: " + text.error().message();
  return read_public_json(*text);
}

std::size_t enter(const std::vector<known_port>& ports, ports::lease_draft& into, wall_time now,
                  std::vector<std::string>& complaints) {
  std::size_t entered = 0;
  for (const known_port& each : ports) {
    if (into.book().find(each.proxy) != nullptr) {
      complaints.push_back(shown(each.proxy) + " has a lease already");
    } else if (into.book().is_held_by_another(each.proxy, each.port, ports::transport::tcp)) {
      complaints.push_back("port " + std::to_string(each.port) + " of " + shown(each.proxy) +
                           " is another's");
    } else {
      into.put({.proxy = each.proxy, .port = each.port, .created = now, .used = now});
      ++entered;
    }
  }
  return entered;
}

std::string to_public_json(const std::vector<ports::lease>& leases) {
  std::string text;
  json_writer json(text);
  json.begin_object().key("proxies").begin_object();
  for (const ports::lease& each : leases) json.member(each.proxy, each.port);
  json.end_object().key("ports").begin_object();
  std::uint16_t last = 0;  // a number that a tcp and a udp proxy share has one place only
  for (const ports::lease& each : leases) {
    if (each.port != last) json.member(std::to_string(each.port), each.proxy);
    last = each.port;
  }
  json.end_object().end_object();
  return text;
}

error_code write_gokv(const std::vector<ports::lease>& leases,
                      const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return failed;
  for (const ports::lease& each : leases) {
    const std::string created = to_rfc3339(each.created);
    std::string of_proxy;
    json_writer(of_proxy)
        .begin_object()
        .member("Port", each.port)
        .member("CreatedAt", created)
        .end_object();
    std::string of_port;
    json_writer(of_port)
        .begin_object()
        .member("Proxy", each.proxy)
        .member("CreatedAt", created)
        .end_object();
    if (const auto bad = write_record(folder, each.proxy, of_proxy)) return bad;
    if (const auto bad = write_record(folder, std::to_string(each.port), of_port)) return bad;
  }
  return {};
}

}  // namespace frpx::keeper
