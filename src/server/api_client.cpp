#include "server/api_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/json/parse.hpp>
#include <cerrno>

#include "core/clock.hpp"
#include "http/body.hpp"
#include "http/characters.hpp"
#include "http/head.hpp"
#include "net/fd.hpp"
#include "net/socket.hpp"

namespace frpx::server {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr const char* sentence_of(api_errc e) {
  switch (e) {
    case api_errc::nothing_listens:
      return "nothing listens there; start the server with `frps` (`frps --demo` to try it out), "
             "or say where it is with --api-port and --api-bind";
    case api_errc::late:
      return "no answer in time; its log may say what it is busy with";
    case api_errc::token_missing:
      return "it asks for its API token; pass the one it was started with, as FRPX_API_TOKEN (or, "
             "where the API is on another port, that with --api-port)";
    case api_errc::token_wrong:
      return "it refuses this API token; pass the one it was started with, as FRPX_API_TOKEN";
    case api_errc::token_unfit:
      return "the API token has characters that no HTTP request can carry";
    case api_errc::not_the_api:
      return "what listens there does not answer as the API of frps; say where that is with "
             "--api-port and --api-bind";
    case api_errc::too_large:
      return "the answer is larger than 32 MiB";
  }
  return "unknown API client error";
}

error_code last_error() {
  return {errno, boost::system::system_category()};
}

/// A connection whose every wait ends at one deadline.
class blocking_connection {
 public:
  explicit blocking_connection(steady_time until) : until_(until) {}

  error_code connect(const asio::ip::tcp::endpoint& to) {
    fd_.reset(::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_) return last_error();
    if (::connect(fd_.get(), to.data(), static_cast<socklen_t>(to.size())) == 0) return {};
    if (errno != EINPROGRESS) return last_error();
    if (const error_code failed = wait(POLLOUT)) return failed;
    int failed = 0;
    socklen_t size = sizeof failed;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
    return {failed, boost::system::system_category()};
  }

  error_code write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (const error_code failed = wait(POLLOUT)) return failed;
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno != EINTR && errno != EAGAIN) {
        return last_error();
      }
    }
    return {};
  }

  /// Appends what comes next; gives its size, 0 at the end.
  result<std::size_t> read(std::string& into) {
    char bytes[64 * 1024];
    for (;;) {
      if (const error_code failed = wait(POLLIN)) return failed;
      const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
      if (got >= 0) {
        const auto size = static_cast<std::size_t>(got);
        into.append(bytes, size);
        return size;
      }
      if (errno != EINTR && errno != EAGAIN) return last_error();
    }
  }

 private:
  error_code wait(short events) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - steady_clock::now());
      if (left.count() <= 0) return api_errc::late;
      pollfd one{fd_.get(), events, 0};
      const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return last_error();
    }
  }

  const steady_time until_;
  net::unique_fd fd_;
};

/// An answer while it comes in.
class answer {
 public:
  /// The body, whole, whatever the status is.
  result<std::string> read_from(blocking_connection& connection) {
    while (!in_body_ || !decoder_.done()) {
      const auto more = connection.read(input_);
      if (!more) return more.error();
      if (const error_code wrong = take()) return wrong;
      if (*more != 0) continue;
      if (!in_body_) return api_errc::not_the_api;
      if (const error_code cut = decoder_.end_of_stream()) return cut;
    }
    return std::move(body_);
  }

  int status() const { return status_; }

 private:
  error_code take() {
    if (!in_body_) {
      const auto size = scanner_.scan_response(input_);
      if (!size) return api_errc::not_the_api;
      if (!*size) return {};
      if (const error_code wrong = take_head(**size)) return wrong;
    }
    return take_body();
  }

  error_code take_head(std::size_t size) {
    http::response_head head;
    const auto text = std::string_view(input_).substr(0, size);
    if (http::parse_response(text, scanner_.limits(), head) || head.status < 200) {
      return api_errc::not_the_api;  // an interim answer is to what was not asked
    }
    status_ = head.status;
    decoder_.start(head.body(false));
    in_body_ = true;
    input_.erase(0, size);
    return {};
  }

  error_code take_body() {
    std::string_view rest = input_;
    while (!decoder_.done()) {
      const auto step = decoder_.feed(rest);
      if (!step) return step.error();
      if (step->consumed == 0) break;
      if (body_.size() + step->payload.size() > api_client::largest_answer) {
        return api_errc::too_large;
      }
      body_.append(step->payload);
      rest.remove_prefix(step->consumed);
    }
    input_.erase(0, input_.size() - rest.size());
    return {};
  }

  http::head_scanner scanner_;
  http::body_decoder decoder_;
  std::string input_;
  std::string body_;
  int status_ = 0;
  bool in_body_ = false;
};

asio::ip::address reachable(const std::string& bind) {
  auto address = asio::ip::make_address(bind);
  if (!address.is_unspecified()) return address;
  if (address.is_v6()) return asio::ip::address_v6::loopback();
  return asio::ip::address_v4::loopback();
}

// The data of the API's envelope, in which its refusals come too.
result<json::value> data_of(std::string_view body) {
  error_code failed;
  json::value envelope = json::parse({body.data(), body.size()}, failed);
  json::object* fields = failed ? nullptr : envelope.if_object();
  json::value* data = fields == nullptr ? nullptr : fields->if_contains("data");
  if (data == nullptr || !fields->contains("success")) return api_errc::not_the_api;
  return std::move(*data);
}

}  // namespace

error_code make_error_code(api_errc e) {
  return error_of<api_errc, sentence_of>("api client", e);
}

api_client::api_client(const config::frps_options& options, std::chrono::milliseconds patience)
    : at_(reachable(options.api_bind), options.api_port),
      token_(options.api_token),
      patience_(patience) {}

result<json::value> api_client::get(std::string_view path) const {
  using http::characters::all;
  if (!all(http::characters::value, token_.reveal())) return api_errc::token_unfit;
  blocking_connection connection(steady_clock::now() + patience_);
  error_code failed = connection.connect(at_);
  if (!failed) failed = connection.write(request_for(path));
  if (failed == boost::system::errc::connection_refused) return api_errc::nothing_listens;
  if (failed) return failed;
  answer coming;
  const auto body = coming.read_from(connection);
  if (body.error() == boost::system::errc::connection_reset) return api_errc::not_the_api;
  if (!body) return body.error();
  auto data = data_of(*body);
  if (!data) return data.error();
  if (const error_code refused = judge(coming.status())) return refused;
  return data;
}

error_code api_client::judge(int status) const {
  if (status == 200) return {};
  if (status != 401) return api_errc::not_the_api;
  return token_.empty() ? api_errc::token_missing : api_errc::token_wrong;
}

// On loopback the API takes three names of its host only, against web pages (http/guard.hpp).
std::string api_client::request_for(std::string_view path) const {
  const std::string host =
      at_.address().is_loopback() ? "localhost:" + std::to_string(at_.port()) : net::to_string(at_);
  std::string text = "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host +
                     "\r\nUser-Agent: frps/" FRPX_VERSION "\r\nConnection: close\r\n";
  if (!token_.empty()) text += "Authorization: Bearer " + token_.reveal() + "\r\n";
  return text + "\r\n";
}

std::string api_client::explain(const error_code& why) const {
  return "the server's API at " + net::to_string(at_) + ": " + why.message();
}

}  // namespace frpx::server
