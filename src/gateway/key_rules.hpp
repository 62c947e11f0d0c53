// What a key with lists of models or clients may ask.
#pragma once

#include <cstddef>

#include "gateway/refusal.hpp"
#include "http/head.hpp"
#include "http/model_name.hpp"
#include "identity/verdict.hpp"
#include "llm/api_path.hpp"

namespace frpx::gateway {

/// The largest body of a request by a key with a list of models, in bytes: all of it is read before
/// any of it is passed on.
inline constexpr std::size_t most_judged_body = 1024 * 1024;

/// Judges what the head shows. `api`: what its path is.
///
/// A key with a list of models may only send what can be held against the list: requests whose body
/// or path names a model, as JSON in UTF-8 without an encoding, and with no other model in the
/// query; and it may look at the lists of models. Whatever a service would understand otherwise
/// than we do is refused.
refusal judge_head(const http::request_head& head, const llm::api_match& api,
                   const identity::key_facts& key);

/// Judges the model that the whole body names (http::model_finder::extent::whole, finished).
refusal judge_model(const http::model_finder& model, const identity::key_facts& key);

}  // namespace frpx::gateway
