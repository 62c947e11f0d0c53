// Small files that are read and written whole.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace frpx {

enum class file_errc {
  not_regular = 1,  ///< A folder, pipe, socket or device.
  too_large,        ///< Larger than the caller takes.
};

error_code make_error_code(file_errc value);

/// What a regular file holds, if that is at most `most` bytes. Never waits for whoever writes into
/// a pipe. Errors: file_errc, the system's.
result<std::string> read_file(const std::filesystem::path& path, std::size_t most);

/// Puts a file of that text in the place of `path`, whole or not at all: a new file beside it,
/// synced, then a rename. Follows no link that somebody else has put there.
error_code replace_file(const std::filesystem::path& path, std::string_view text,
                        ::mode_t mode = 0600);

}  // namespace frpx

template <>
struct boost::system::is_error_code_enum<frpx::file_errc> : std::true_type {};
