// The dashboard's files, as they stand within the program.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/message.hpp"

namespace frpx::api {

/// One file of the dashboard. All views live for ever.
struct dashboard_file {
  std::string_view path;  ///< As a browser asks for it: `/` is the page.
  std::string_view content_type;
  std::span<const unsigned char> plain;  ///< Its bytes...
  std::span<const unsigned char> gzip;   ///< ...and the same compressed (RFC 1952).
  std::string_view etag;                 ///< With its quotes; another one for other bytes.
};

/// The files of this build; none if it was made without the dashboard, for which npm is needed.
std::span<const dashboard_file> dashboard_files();

/// Answers requests for `files`, and passes the others to `next`. Nobody is asked for a token, for
/// the files hold no data: what the page shows it asks the API for. A page is asked for anew each
/// time (304 when it is the same), what lies below /assets/ has its version in its name and is
/// kept.
///
/// The page may load scripts, styles, pictures and data from here alone and stands in no frame: the
/// browser sees to that, and that no text becomes HTML. Who asks for gzip, as browsers do, gets
/// that form.
///
/// Without any file `/` is a short text that says so.
http::handler beside_dashboard(std::span<const dashboard_file> files, http::handler next);

}  // namespace frpx::api
