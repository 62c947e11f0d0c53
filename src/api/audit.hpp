// Who changed what.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

/// Who asks for a change.
struct author {
  std::string who;
  net::endpoint from;

  explicit author(const http::request& asked) : who(asked.who), from(asked.peer) {}
};

/// The event by which listeners are told of an action that the audit log names so; empty: none, or
/// one that needs more than a name.
std::string_view event_of(std::string_view action);

/// A verb that also writes into the store's audit log what became of it: `action` was done to
/// `what`. Neither holds a secret.
verb audited(verb how, std::string_view action, std::string what, author by);

/// Writes a change to the log, one line each.
void log_change(std::string_view action, std::string_view what, const author& by,
                std::string_view outcome);

/// Both, for a change of something that is not in the store.
boost::asio::awaitable<void> note_change(server_view* server, std::string_view action,
                                         std::string what, author by);

/// `GET /api/audit?limit=&before=`: newest first. `before` is an id.
boost::asio::awaitable<http::response> list_audit(server_view* server, http::request asked);

}  // namespace frpx::api
