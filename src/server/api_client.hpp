// Asking the REST API of a running server, from the command line.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include "config/options.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"

namespace frpx::server {

enum class api_errc {
  nothing_listens = 1,
  late,
  token_missing,
  token_wrong,
  token_unfit,
  not_the_api,
  too_large,
};
error_code make_error_code(api_errc e);

/// `GET`s of one server's API, each on a connection of its own. Blocks: for a program that serves
/// nothing meanwhile. Opens no file and no port.
class api_client {
 public:
  static constexpr std::size_t largest_answer = 32 << 20;  ///< Bytes of a body.

  /// The API at `api_bind` (the loopback address, where that is every address) and `api_port`, with
  /// `api_token`. `patience` is for one whole answer.
  explicit api_client(const config::frps_options& options,
                      std::chrono::milliseconds patience = std::chrono::seconds(5));

  /// The `data` of the answer. Errors: those of api_errc, of http and the system's.
  result<boost::json::value> get(std::string_view path) const;

  /// Why get() failed, in a sentence that says what to do.
  std::string explain(const error_code& why) const;

 private:
  error_code judge(int status) const;
  std::string request_for(std::string_view path) const;

  boost::asio::ip::tcp::endpoint at_;
  secret token_;
  std::chrono::milliseconds patience_;
};

}  // namespace frpx::server

template <>
struct boost::system::is_error_code_enum<frpx::server::api_errc> : std::true_type {};
