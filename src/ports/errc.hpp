// Why a port is not given.
#pragma once

#include "core/result.hpp"

namespace frpx::ports {

enum class errc {
  no_free_port = 1,
  wish_not_met,
  held_by_another,
  outside_ranges,
  unknown_proxy,
  bad_name,
  overloaded,
  stopped,
  too_many_leases,
};

constexpr const char* explain(errc value) {
  switch (value) {
    case errc::no_free_port:
      return "all ports of the ranges are leased";
    case errc::wish_not_met:
      return "the wished port is not free or lies outside of the ranges";
    case errc::held_by_another:
      return "another proxy holds this port";
    case errc::outside_ranges:
      return "the port lies outside of the ranges";
    case errc::unknown_proxy:
      return "there is no lease for this proxy";
    case errc::bad_name:
      return "a proxy's name has 1 to 256 bytes of UTF-8 without control characters";
    case errc::overloaded:
      return "too many changes wait for the disk";
    case errc::stopped:
      return "the keeper is being stopped";
    case errc::too_many_leases:
      return "this user holds as many ports as --max-leases allows: release one (lease release), "
             "or raise it";
  }
  return "unknown";
}

inline error_code make_error_code(errc value) {
  return error_of<errc, explain>("ports", value);
}

}  // namespace frpx::ports

template <>
struct boost::system::is_error_code_enum<frpx::ports::errc> : std::true_type {};
