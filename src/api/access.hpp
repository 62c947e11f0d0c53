// Who may use the API, and for what.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>

#include "api/server_view.hpp"
#include "core/secret.hpp"
#include "http/message.hpp"

namespace frpx::api {

struct access_rules {
  secret token;             ///< Lets in whoever has it, as admin; empty: there is none.
  std::string cors_origin;  ///< Whose pages may use the API, like `https://ops.example`; or none.
  bool on_loopback = true;  ///< The API listens where only this machine reaches it.
};

/// Puts the rules in front of `next`, which finds in each request as whom it was let in:
///
/// - by the bearer token of the rules, or by one that `POST /api/session` gave: as what that user
///   is now. A bearer token that nobody gave is refused wherever it comes from;
/// - without any, on loopback, when the rules have no token: the machine's own users are trusted,
///   other people's pages in their browsers are not (http::guard);
/// - who wants to log in.
///
/// Viewers may only look (403); what a user may change is asked of the store each time. A page of
/// another origin may change nothing, whatever it shows (403). A page of `cors_origin` is told that
/// it may read the answers.
///
/// Home worker; `server` outlives it.
http::handler admitted(server_view& server, access_rules rules, http::handler next);

/// Ends the logins that are over, of those who only listen: their time has passed, or their user
/// was removed or has another password or role. Others show when they are used.
boost::asio::awaitable<void> end_lost_logins(server_view* server);
/// Users have changed: nobody who logged in is believed any more to be what he was, until the store
/// was asked; logins by which somebody listens are judged now.
boost::asio::awaitable<void> end_doubtful_logins(server_view* server);
/// Ends lost logins for ever, every login_book::believed. Ends by being cancelled.
boost::asio::awaitable<void> watch_logins(server_view* server);

}  // namespace frpx::api
