// The verbs about clients: the tokens by which they come back, and whose their ids are.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <map>

#include "identity/command_text.hpp"

namespace frpx::identity {
namespace {

namespace json = boost::json;

// The e-mail addresses of all users, by their ids.
result<std::map<std::string, std::string, std::less<>>> all_emails(store::store& store) {
  const auto users = all_rows(store, &store::store::list_users, &store::user::created);
  if (!users) return users.error();
  std::map<std::string, std::string, std::less<>> emails;
  for (const store::user& row : *users) emails.emplace(row.id, row.email);
  return emails;
}

}  // namespace

outcome token_list(store::store& store, form as) {
  auto emails = all_emails(store);
  if (!emails) return failed(as, "list of users", emails.error());
  const auto rows = all_rows(store, &store::store::list_tokens, &store::token::issued);
  if (!rows) return failed(as, "list of tokens", rows.error());
  const wall_time now = wall_clock::now();
  json::array array;
  std::vector<std::vector<std::string>> table{
      {"ID", "STATUS", "USER", "CLIENT", "ISSUED", "EXPIRES", "LAST USED"}};
  for (const store::token& row : *rows) {
    const std::string email = (*emails)[row.user_id];
    const std::string status = row.revoked ? "revoked" : row.expires <= now ? "expired" : "active";
    const auto client = row.client_id.empty() ? json::value(nullptr) : json::value(row.client_id);
    array.push_back(json::object{{"id", row.id},
                                 {"user", email},
                                 {"client", client},
                                 {"status", status},
                                 {"issued", to_rfc3339(row.issued)},
                                 {"expires", to_rfc3339(row.expires)},
                                 {"last_used", time_or_null(row.last_used)}});
    table.push_back({row.id, status, email, row.client_id.empty() ? "-" : row.client_id,
                     time_or_dash(row.issued), time_or_dash(row.expires),
                     time_or_dash(row.last_used)});
  }
  if (as == form::json) return done(as, {}, array);
  return {0, as_table(table), {}};
}

outcome token_revoke(store::store& store, std::string_view id, form as) {
  const auto row = store.revoke_token(id);
  if (!row) return failed(as, "token " + quoted(id), row.error());
  return done(as, "revoked token " + row->id,
              json::object{{"id", row->id}, {"client", row->client_id}, {"status", "revoked"}});
}

outcome client_list(store::store& store, form as) {
  auto emails = all_emails(store);
  if (!emails) return failed(as, "list of users", emails.error());
  const auto rows = all_rows(store, &store::store::list_clients, &store::client::since);
  if (!rows) return failed(as, "list of client ids", rows.error());
  json::array array;
  std::vector<std::vector<std::string>> table{{"CLIENT", "USER", "SINCE", "LAST SEEN"}};
  for (const store::client& row : *rows) {
    const std::string email = (*emails)[row.user_id];
    array.push_back(json::object{{"client_id", row.id},
                                 {"user", email},
                                 {"since", to_rfc3339(row.since)},
                                 {"last_seen", to_rfc3339(row.seen)}});
    table.push_back({row.id, email, time_or_dash(row.since), time_or_dash(row.seen)});
  }
  if (as == form::json) return done(as, {}, array);
  return {0, as_table(table), {}};
}

outcome client_forget(store::store& store, std::string_view client_id, form as) {
  const auto row = store.forget_client(client_id);
  if (!row) return failed(as, "client id " + quoted(client_id), row.error());
  const auto user = store.find_user_by_id(row->user_id);
  const std::string email = user ? user->email : std::string();
  return done(as,
              "client id " + quoted(row->id) + " no longer belongs to " + quoted(email) +
                  "; it will belong to the next user whose client logs in with it",
              json::object{{"client_id", row->id}, {"user", email}});
}

}  // namespace frpx::identity
