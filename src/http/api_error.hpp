// Answers of the gateway itself, in the form that the visitor's program reads; and the key in a
// request.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "http/field.hpp"

namespace frpx::http {

inline constexpr std::string_view missing_key_text = "Missing API key in Authorization header";
inline constexpr std::string_view invalid_key_text = "Invalid API key";
inline constexpr std::string_view no_client_text = "No active clients available";

/// The text for a status when nothing more precise is known; never empty.
std::string_view error_text(int status);

/// The standard reason phrase; "Error" for a status without one.
std::string_view reason_of(int status);

/// `{"success":false,"data":null,"message":...,"timestamp":...}`.
std::string error_envelope(std::string_view message, wall_time now);

struct error_answer {
  int status = 500;
  std::string_view message;   ///< Empty: error_text(status).
  std::string_view body;      ///< JSON. Empty: the envelope with the message.
  bool keep_alive = false;    ///< Else `Connection: close` is said.
  bool to_head = false;       ///< The request was HEAD: no body.
  bool offers_basic = false;  ///< A 401 asks for `Basic` too: git, wget and browsers wait for that.
  std::chrono::seconds retry_after{0};  ///< Said if it is not 0.
  std::span<const field> extra;
};

/// The whole response: head and body. 401 names the scheme (WWW-Authenticate).
std::string error_response(const error_answer& answer, wall_time now);

/// A response with a JSON body of our own that is no error.
std::string json_response(std::string_view body, bool keep_alive, wall_time now,
                          std::span<const field> extra = {});

/// The API key in the value of an Authorization field: `Bearer KEY`, the scheme without regard to
/// case and followed by one space, or `KEY` alone. Empty if there is none. A view of the value: a
/// secret that lives in the request's buffer; hash it, never log it.
std::string_view key_in(std::string_view authorization);

}  // namespace frpx::http
