// What can go wrong with what lasts.
#pragma once

#include "core/result.hpp"

namespace frpx::store {

enum class errc {
  not_found = 1,
  already_exists,
  bad_value,
  unavailable,
  busy,
  full,
  read_only,
  corrupt,
  newer_schema,
  older_schema,
  cannot_open,
  unknown_scheme,
  failed,
};

constexpr const char* explain(errc value) {
  switch (value) {
    case errc::not_found:
      return "there is no such row";
    case errc::already_exists:
      return "there is such a row already";
    case errc::bad_value:
      return "a value is too long or holds characters that it must not";
    case errc::unavailable:
      return "the database cannot be asked";
    case errc::busy:
      return "another program holds the database's lock for too long";
    case errc::full:
      return "the database has no room left";
    case errc::read_only:
      return "the database may only be read";
    case errc::corrupt:
      return "the database's file is damaged or is no database";
    case errc::newer_schema:
      return "the database was written by a newer frpx";
    case errc::older_schema:
      return "the database was written by an older frpx";
    case errc::cannot_open:
      return "the database's file or folder cannot be opened for writing";
    case errc::unknown_scheme:
      return "the database's URL names a kind that is not built in";
    case errc::failed:
      return "the database refused the request";
  }
  return "unknown";
}

inline error_code make_error_code(errc value) {
  return error_of<errc, explain>("store", value);
}

}  // namespace frpx::store

template <>
struct boost::system::is_error_code_enum<frpx::store::errc> : std::true_type {};
