// `frps user ...`, `frps key ...` and so on: the verbs, without the command line around them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "store/store.hpp"

namespace frpx::identity {

/// What a verb has to say: the text for standard output, the one for standard error, each with its
/// line ends, and the exit code (0 done, 1 refused or failed).
struct outcome {
  int code = 0;
  std::string out;
  std::string err;
  std::string refusal = {};  ///< Why it was refused or failed: a sentence without a line end.
  error_code why = {};       ///< The store's error, if that was the reason.
};

/// How a verb answers: in lines for people, or in JSON (one value, an error as `{"error":...}`).
enum class form { lines, json };

/// That a verb was refused or failed, and why: a sentence without a line end, and the store's error
/// if there was one.
outcome refused(form as, const std::string& why, error_code of_store = {});

// Each verb blocks and works on any store, also beside a running server.

/// `ports` as in store::user, read and found good.
outcome user_add(store::store& store, std::string_view email, const secret& password,
                 store::role role, form as, wall_time now, const std::string& ports = {});
outcome user_list(store::store& store, form as);
outcome user_show(store::store& store, std::string_view email, form as);
outcome user_remove(store::store& store, std::string_view email, form as);
outcome user_passwd(store::store& store, std::string_view email, const secret& password, form as);

outcome user_role(store::store& store, std::string_view email, store::role role, form as);
outcome user_ports(store::store& store, std::string_view email, const std::string& ports, form as);
/// How many outer ports at once, as store::user has it.
outcome user_leases(store::store& store, std::string_view email, std::optional<std::uint32_t> most,
                    form as);

/// Prints the key, this once. `owner_email` may be empty. JSON: `{"id":...,"key":...,"name":...}`.
outcome key_add(store::store& store, std::string_view name, std::string_view owner_email,
                std::optional<std::chrono::seconds> life, form as, wall_time now,
                const store::key_limits& limits = {});
/// `life` counts from `now`, 0 is for ever; without one it lasts as long as before.
outcome key_set(store::store& store, std::string_view id_or_name,
                std::optional<std::chrono::seconds> life, form as, wall_time now,
                store::key_change change = {});
outcome key_list(store::store& store, form as);
outcome key_revoke(store::store& store, std::string_view id_or_name, form as);
/// Hashes what public frpx keeps in plain.
outcome key_migrate(store::store& store, form as);

outcome token_list(store::store& store, form as);
outcome token_revoke(store::store& store, std::string_view id, form as);

/// Client ids, and whose they are.
outcome client_list(store::store& store, form as);
outcome client_forget(store::store& store, std::string_view client_id, form as);

/// What was used in the hours that begin at `from` or later and before `to`, most requests first.
outcome usage_list(store::store& store, store::usage_by by, wall_time from, wall_time to, form as);

/// What the database holds.
outcome db_status(store::store& store, form as);

}  // namespace frpx::identity
