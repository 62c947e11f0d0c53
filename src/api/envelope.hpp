// frpx's envelope around every answer of the REST API.
#pragma once

#include <string_view>

#include "core/clock.hpp"
#include "core/json_writer.hpp"
#include "http/message.hpp"

namespace frpx::api {

inline constexpr std::string_view success_text = "操作成功";

/// 200 with `{"success":true,"data":...,"message":"操作成功","timestamp":...}`; `write_data` gets a
/// json_writer and writes the one value that `data` is.
template <class F>
http::response success(F&& write_data) {
  http::response answer;
  json_writer json(answer.body);
  json.begin_object().member("success", true).key("data");
  write_data(json);
  json.member("message", success_text).member("timestamp", to_rfc3339(wall_clock::now()));
  json.end_object();
  return answer;
}

}  // namespace frpx::api
