// One connection to a Redis server, with deadlines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/redis/url.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "net/fd.hpp"

struct redisReader;
struct ssl_ctx_st;
struct ssl_st;

namespace frpx::cache {

/// What Redis says (RESP2, https://redis.io/docs/reference/protocol-spec).
struct redis_reply {
  enum class kind { nothing, text, number, array, refusal };
  kind is = kind::nothing;
  std::string text;
  std::int64_t number = 0;
  std::vector<redis_reply> elements;
};

/// Sends commands and reads replies over a socket of its own, in the clear or through TLS; hiredis
/// is the codec. Calls wait, up to a deadline: for the pool's threads, one at a time. (The server's
/// name is looked up as the system does, which has its own time-out.) After an error the connection
/// is of no use any more. A server that sends more than 1 MiB for one reply is malformed.
class redis_connection {
 public:
  /// Connects, proves who we are and chooses the database. With TLS the certificate must be one
  /// that the system trusts and name the host. Errors: unavailable, untrusted, refused, malformed.
  static result<redis_connection> open(const redis_url& to, steady_time deadline);

  using words = std::vector<std::string_view>;

  /// Errors: unavailable, refused (the connection stays of use), malformed.
  result<redis_reply> ask(const words& command, steady_time deadline);
  /// Sends a command whose reply will come from next().
  result<void> send(const words& command, steady_time deadline);
  /// The next reply or message that has come already, if there is one; does not wait.
  result<std::optional<redis_reply>> next();

 private:
  struct free_reader {
    void operator()(redisReader* raw) const;
  };
  struct free_context {
    void operator()(ssl_ctx_st* raw) const;
  };
  struct free_tls {
    void operator()(ssl_st* raw) const;
  };

  redis_connection();
  error_code connect(const redis_url& to, steady_time deadline);
  error_code start_tls(const std::string& host, steady_time deadline);
  error_code greet(const redis_url& to, steady_time deadline);
  error_code write(std::string_view text, steady_time deadline);
  result<std::size_t> read_some(bytes_span into);
  error_code fill(steady_time deadline);
  result<std::optional<redis_reply>> parse();
  bool wait(short events, steady_time deadline) const;
  short wanted(int tls_result) const;

  net::unique_fd fd_;
  std::unique_ptr<ssl_ctx_st, free_context> context_;
  std::unique_ptr<ssl_st, free_tls> tls_;  // null: in the clear
  std::unique_ptr<redisReader, free_reader> reader_;
  std::size_t unparsed_ = 0;
};

}  // namespace frpx::cache
