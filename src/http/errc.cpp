#include "http/errc.hpp"

namespace frpx::http {

int status_of(error_code e) {
  if (e.category() != make_error_code(errc::bad_method).category()) return 400;
  switch (static_cast<errc>(e.value())) {
    case errc::body_too_large:
      return 413;
    case errc::target_too_long:
      return 414;
    case errc::unknown_expectation:
      return 417;
    case errc::head_too_large:
    case errc::too_many_fields:
      return 431;
    case errc::connect_refused:
      return 501;
    case errc::unknown_version:
      return 505;
    default:
      return 400;
  }
}

}  // namespace frpx::http
