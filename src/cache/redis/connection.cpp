#include "cache/redis/connection.hpp"

#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <csignal>

namespace frpx::cache {
namespace {

constexpr std::size_t longest_reply = 1024 * 1024;

redis_reply copy_of(const redisReply& from) {
  redis_reply out;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.is = redis_reply::kind::text;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ERROR:
      out.is = redis_reply::kind::refusal;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      out.is = redis_reply::kind::number;
      out.number = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      out.is = redis_reply::kind::array;
      for (std::size_t i = 0; i < from.elements; ++i) {
        out.elements.push_back(copy_of(*from.element[i]));
      }
      break;
    default:
      break;
  }
  return out;
}

result<std::string> encoded(const redis_connection::words& command) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto word : command) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* raw = nullptr;
  const int size =
      redisFormatCommandArgv(&raw, static_cast<int>(texts.size()), texts.data(), sizes.data());
  if (size < 0) return errc::malformed;
  std::string text(raw, static_cast<std::size_t>(size));
  redisFreeCommand(raw);
  return text;
}

// OpenSSL writes with write(), which raises SIGPIPE when the other side has gone; a library must
// not change what the process does with it.
class without_sigpipe {
 public:
  without_sigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) != 0;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  without_sigpipe(const without_sigpipe&) = delete;
  without_sigpipe& operator=(const without_sigpipe&) = delete;
  ~without_sigpipe() {
    const timespec now{};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &now);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

struct free_addresses {
  void operator()(addrinfo* raw) const { ::freeaddrinfo(raw); }
};

}  // namespace

void redis_connection::free_reader::operator()(redisReader* raw) const {
  redisReaderFree(raw);
}
void redis_connection::free_context::operator()(ssl_ctx_st* raw) const {
  SSL_CTX_free(raw);
}
void redis_connection::free_tls::operator()(ssl_st* raw) const {
  SSL_free(raw);
}

redis_connection::redis_connection() : reader_(redisReaderCreate()) {}

result<redis_connection> redis_connection::open(const redis_url& to, steady_time deadline) {
  redis_connection made;
  if (const error_code failed = made.connect(to, deadline)) return failed;
  if (to.tls) {
    if (const error_code failed = made.start_tls(to.host, deadline)) return failed;
  }
  if (const error_code failed = made.greet(to, deadline)) return failed;
  return made;
}

error_code redis_connection::connect(const redis_url& to, steady_time deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &raw) != 0) {
    return errc::unavailable;
  }
  const std::unique_ptr<addrinfo, free_addresses> found(raw);
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    fd_ = net::unique_fd(::socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_) continue;
    if (::connect(fd_.get(), each->ai_addr, each->ai_addrlen) != 0) {
      int error = 0;
      socklen_t size = sizeof error;
      if (errno != EINPROGRESS || !wait(POLLOUT, deadline) ||
          ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        continue;
      }
    }
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return {};
  }
  return errc::unavailable;
}

error_code redis_connection::start_tls(const std::string& host, steady_time deadline) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_ || SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_default_verify_paths(context_.get()) != 1) {
    return errc::unavailable;
  }
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  tls_.reset(SSL_new(context_.get()));
  if (!tls_ || SSL_set_fd(tls_.get(), fd_.get()) != 1) return errc::unavailable;
  error_code is_no_address;
  (void)boost::asio::ip::make_address(host, is_no_address);
  const bool named =
      is_no_address ? SSL_set1_host(tls_.get(), host.c_str()) == 1 &&
                          SSL_set_tlsext_host_name(tls_.get(), const_cast<char*>(host.c_str())) == 1
                    : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str()) == 1;
  if (!named) return errc::untrusted;
  const without_sigpipe quiet;
  for (;;) {
    ERR_clear_error();
    const int done = SSL_connect(tls_.get());
    if (done == 1) return {};
    const short events = wanted(done);
    if (events == 0) {
      return SSL_get_verify_result(tls_.get()) == X509_V_OK ? errc::unavailable : errc::untrusted;
    }
    if (!wait(events, deadline)) return errc::unavailable;
  }
}

error_code redis_connection::greet(const redis_url& to, steady_time deadline) {
  if (!to.password.empty()) {
    words command{"AUTH"};
    if (!to.user.empty()) command.push_back(to.user);
    command.push_back(to.password.reveal());
    if (const auto said = ask(command, deadline); !said) return said.error();
  }
  if (to.database != 0) {
    const std::string number = std::to_string(to.database);
    if (const auto said = ask({"SELECT", number}, deadline); !said) return said.error();
  }
  // Tells a server that wants a password at once.
  if (const auto said = ask({"PING"}, deadline); !said) return said.error();
  return {};
}

// What a TLS call that did not come through waits for; 0: it failed.
short redis_connection::wanted(int tls_result) const {
  switch (SSL_get_error(tls_.get(), tls_result)) {
    case SSL_ERROR_WANT_READ:
      return POLLIN;
    case SSL_ERROR_WANT_WRITE:
      return POLLOUT;
    default:
      return 0;
  }
}

bool redis_connection::wait(short events, steady_time deadline) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd one{fd_.get(), events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

error_code redis_connection::write(std::string_view text, steady_time deadline) {
  while (!text.empty()) {
    short events = POLLOUT;
    if (tls_) {
      const without_sigpipe quiet;
      ERR_clear_error();
      std::size_t sent = 0;
      const int done = SSL_write_ex(tls_.get(), text.data(), text.size(), &sent);
      if (done == 1) {
        text.remove_prefix(sent);
        continue;
      }
      events = wanted(done);
      if (events == 0) return errc::unavailable;
    } else {
      const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return errc::unavailable;
    }
    if (!wait(events, deadline)) return errc::unavailable;
  }
  return {};
}

// What is there now, 0 when that is nothing; the end of the connection is an error.
result<std::size_t> redis_connection::read_some(bytes_span into) {
  if (tls_) {
    const without_sigpipe quiet;  // reading may answer
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_read_ex(tls_.get(), into.data(), into.size(), &count);
    if (done == 1) return count;
    if (wanted(done) == 0) return errc::unavailable;
    return std::size_t{0};
  }
  const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::size_t{0};
  return errc::unavailable;
}

error_code redis_connection::fill(steady_time deadline) {
  std::array<std::byte, 16 * 1024> scratch;
  for (;;) {
    const auto count = read_some(scratch);
    if (!count) return count.error();
    if (*count > 0) {
      unparsed_ += *count;
      if (unparsed_ > longest_reply ||
          redisReaderFeed(reader_.get(), reinterpret_cast<const char*>(scratch.data()), *count) !=
              REDIS_OK) {
        return errc::malformed;
      }
      return {};
    }
    if (!wait(POLLIN, deadline)) return errc::unavailable;
  }
}

result<std::optional<redis_reply>> redis_connection::parse() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return errc::malformed;
  if (raw == nullptr) return std::optional<redis_reply>();
  unparsed_ = 0;
  auto* const reply = static_cast<redisReply*>(raw);
  std::optional<redis_reply> copied = copy_of(*reply);
  freeReplyObject(reply);
  return copied;
}

result<void> redis_connection::send(const words& command, steady_time deadline) {
  const auto text = encoded(command);
  if (!text) return text.error();
  if (const error_code failed = write(*text, deadline)) return failed;
  return {};
}

result<redis_reply> redis_connection::ask(const words& command, steady_time deadline) {
  if (const auto sent = send(command, deadline); !sent) return sent.error();
  for (;;) {
    auto reply = parse();
    if (!reply) return reply.error();
    if (*reply) {
      if ((*reply)->is == redis_reply::kind::refusal) return errc::refused;
      return std::move(**reply);
    }
    if (const error_code failed = fill(deadline)) return failed;
  }
}

result<std::optional<redis_reply>> redis_connection::next() {
  std::array<std::byte, 4096> scratch;
  for (;;) {
    auto reply = parse();
    if (!reply || *reply) return reply;
    const auto count = read_some(scratch);
    if (!count) return count.error();
    if (*count == 0) return std::optional<redis_reply>();
    unparsed_ += *count;
    if (unparsed_ > longest_reply ||
        redisReaderFeed(reader_.get(), reinterpret_cast<const char*>(scratch.data()), *count) !=
            REDIS_OK) {
      return errc::malformed;
    }
  }
}

}  // namespace frpx::cache
