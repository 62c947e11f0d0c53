// Which machine this is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace frpx::host {

/// The id under which `frpc` registers unless told otherwise: 64 lower-case hexadecimal digits.
///
/// The same that the public frpx client uses, so that a machine that changes programs keeps its
/// place: HMAC-SHA256 with a fixed key over the machine's own id, as the Rust crate `mid` 3 makes
/// it. A machine without an id (a container, mostly) gets a random one, kept as `machine-id` in
/// `state_folder`, which must exist. Blocks on small files. Error: the id cannot be kept.
result<std::string> machine_id(const std::filesystem::path& state_folder);

/// The id of a machine that has none of its own: made at the first call and kept in `state_folder`
/// (mode 0600), the same for programs that start at once. Error: it cannot be kept, or the file
/// holds something else.
result<std::string> kept_machine_id(const std::filesystem::path& state_folder);

/// The text that is hashed, from the contents of the files that may hold the machine's id, each
/// empty if unreadable: lines of exactly 32 hexadecimal digits in lower case, each once, joined by
/// `|`. Empty if there are none.
std::string machine_id_source(std::string_view etc_machine_id, std::string_view dbus_machine_id);

/// The hash as text.
std::string hash_machine_id(std::string_view source);

}  // namespace frpx::host
