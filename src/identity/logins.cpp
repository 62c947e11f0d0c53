#include "identity/logins.hpp"

#include "core/names.hpp"
#include "core/random.hpp"
#include "identity/api_keys.hpp"
#include "identity/passwords.hpp"

namespace frpx::identity {
namespace {

constexpr auto use_interval = std::chrono::minutes(1);  // how often a use is written down
constexpr std::size_t clients_per_user = 10'000;

}  // namespace

std::string normal_email(std::string_view email) {
  std::string out(email);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

digest password_mark(const store::user& of) {
  return sha256(of.password_hash);
}

logins::logins(store::store& store, token_signer signer, const login_options& options)
    : store_(store), signer_(std::move(signer)), options_(options), tries_(options.tries) {}

steady_time::duration logins::wait_before(std::string_view email,
                                          const boost::asio::ip::address& from,
                                          steady_time now) const {
  const std::scoped_lock lock(mutex_);
  return tries_.wait_before(normal_email(email), from, now);
}

result<account> logins::login(std::string_view email, const secret& password,
                              const boost::asio::ip::address& from, steady_time now) {
  if (!is_plain_text(email)) return errc::wrong_credentials;
  const std::string name = normal_email(email);
  {
    const std::scoped_lock lock(mutex_);
    if (tries_.wait_before(name, from, now) > steady_time::duration::zero()) return errc::throttled;
    tries_.count(name, from, now);
  }
  auto judged = judge_password(name, password);
  if (judged || judged.error() != errc::wrong_credentials) {
    const std::scoped_lock lock(mutex_);
    tries_.forgive(name, from, judged.has_value(), now);
  }
  return judged;
}

result<account> logins::judge_password(const std::string& email, const secret& password) {
  const auto found = store_.find_user(email);
  if (!found && found.error() != store::errc::not_found) return found.error();
  const bool fits = verify_password(found ? found->password_hash : dummy_password_hash(), password);
  if (!found || !fits) return errc::wrong_credentials;
  return account{.user_id = found->id,
                 .email = found->email,
                 .role = found->role,
                 .ports = {found->ports, found->leases},
                 .password_mark = password_mark(*found)};
}

result<account> logins::login_by_token(const secret& token, wall_time now) {
  const auto said = signer_.read(token, now);
  if (!said && options_.keys_are_tokens) return judge_key(token);
  if (!said) return said.error();
  const auto row = store_.find_token(said->token_id);
  if (!row) return row.error() == store::errc::not_found ? errc::invalid_token : row.error();
  if (row->revoked || row->user_id != said->user_id || row->expires <= now) {
    return errc::invalid_token;
  }
  const auto user = store_.find_user_by_id(row->user_id);
  if (!user) return user.error() == store::errc::not_found ? errc::invalid_token : user.error();
  note_use(*row, now);
  return account{.user_id = user->id,
                 .email = user->email,
                 .role = user->role,
                 .token_id = row->id,
                 .token_expires = row->expires,
                 .ports = {user->ports, user->leases}};
}

result<port_allowance> logins::ports_of(std::string_view user_id) {
  const auto user = store_.find_user_by_id(user_id);
  if (!user) return user.error();
  return port_allowance{user->ports, user->leases};
}

// Who owns a key may be nobody, or a user who has gone: the key is what lets in.
result<account> logins::judge_key(const secret& key) {
  if (key.empty() || key.reveal().size() > longest_key) return errc::invalid_token;
  const auto row = store_.find_key(key);
  if (!row) return row.error() == store::errc::not_found ? errc::invalid_token : row.error();
  if (row->status != store::key_status::active || row->expired) return errc::invalid_token;
  account who{.email = "key " + row->id, .key_id = row->id};
  if (row->owner.empty()) return who;
  const auto user = store_.find_user_by_id(row->owner);
  if (!user) return user.error() == store::errc::not_found ? result<account>(who) : user.error();
  who.user_id = user->id;
  who.email = user->email;
  who.role = user->role;
  who.ports = {user->ports, user->leases};
  return who;
}

// Once a minute; what cannot be written now is not worth refusing a client for.
void logins::note_use(const store::token& row, wall_time now) {
  if (row.last_used && now - *row.last_used < use_interval) return;
  const store::use one[] = {{row.id, now}};
  (void)store_.touch_tokens(one);
}

result<issued_token> logins::issue_token(const account& who, wall_time now) {
  // Whole seconds, as in the token's text.
  const wall_time issued = std::chrono::floor<std::chrono::seconds>(now);
  const store::token row{.id = random_hex(16),
                         .user_id = who.user_id,
                         .issued = issued,
                         .expires = issued + options_.token_life};
  auto text = signer_.sign(
      {.user_id = row.user_id, .token_id = row.id, .issued = row.issued, .expires = row.expires});
  if (!text) return text.error();
  if (const auto added = store_.add_token(row); !added) return added.error();
  // What was revoked before the row was there has left it alone; what is revoked from now on has
  // not. So it is asked only now.
  if (const auto holds = still_holds(who); !holds) {
    (void)store_.revoke_token(row.id);  // its text is given to nobody
    return holds.error();
  }
  return issued_token{std::move(*text), row.id, row.expires};
}

result<void> logins::still_holds(const account& who) {
  if (!who.token_id.empty()) {
    const auto row = store_.find_token(who.token_id);
    if (!row) return row.error() == store::errc::not_found ? errc::invalid_token : row.error();
    if (row->revoked) return errc::invalid_token;
  }
  if (who.password_mark) {
    const auto user = store_.find_user_by_id(who.user_id);
    if (!user) return user.error() == store::errc::not_found ? errc::invalid_token : user.error();
    if (password_mark(*user) != *who.password_mark) return errc::invalid_token;
  }
  return {};
}

result<void> logins::bind_token(std::string_view token_id, std::string_view client_id) {
  return store_.set_token_client(token_id, client_id);
}

result<void> logins::claim_client(const std::string& client_id, const std::string& user_id,
                                  wall_time now) {
  auto row = store_.find_client(client_id);
  if (!row && row.error() != store::errc::not_found) return row.error();
  if (user_id.empty()) return row ? result<void>(errc::client_of_another) : result<void>();
  const bool is_new = !row || (row->user_id == user_id && now - row->seen > use_interval);
  if (is_new) {
    row = store_.claim_client({.id = client_id, .user_id = user_id, .since = now, .seen = now},
                              clients_per_user);
  }
  if (!row) return row.error();
  if (row->user_id != user_id) return errc::client_of_another;
  return {};
}

bool logins::renewal_due(wall_time expires, wall_time now) const {
  return expires - now < options_.token_life / 2;
}

}  // namespace frpx::identity
