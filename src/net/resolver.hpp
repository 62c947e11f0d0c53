// Looking names up.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <netdb.h>

#include <string>
#include <vector>

#include "net/blocking_pool.hpp"
#include "net/socket.hpp"

namespace frpx::net {

class resolver {
 public:
  explicit resolver(blocking_pool& pool) : pool_(pool) {}
  boost::asio::awaitable<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port,
                                                                steady_clock::duration patience) {
    auto answer = co_await pool_.run(
        [host, port]() {
          addrinfo hints{};
          hints.ai_socktype = SOCK_STREAM;
          addrinfo* found = nullptr;
          if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
            return std::vector<endpoint>();
          }
          std::vector<endpoint> all;
          for (addrinfo* each = found; each != nullptr; each = each->ai_next) {
            endpoint one;
            one.resize(each->ai_addrlen);
            std::memcpy(one.data(), each->ai_addr, each->ai_addrlen);
            all.push_back(one);
          }
          ::freeaddrinfo(found);
          return all;
        },
        patience);
    if (!answer) co_return answer.error();
    if (answer->empty()) co_return make_error_code(errc::unknown_host);
    co_return std::move(*answer);
  }

 private:
  blocking_pool& pool_;
};

}  // namespace frpx::net
