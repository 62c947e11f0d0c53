// What a key with lists of models or clients may ask.
#pragma once

#include <cstdint>

#include "gateway/refusal.hpp"
#include "http/head.hpp"
#include "http/model_name.hpp"
#include "identity/verdict.hpp"
#include "llm/api_path.hpp"

namespace frpx::gateway {

/// Judges what the head shows. `api`: what its path is.
///
/// A key with a list of models may only send what can be held against the list: requests whose body
/// or path names a model, as JSON in UTF-8 without an encoding, and with no other model in the
/// query; and it may look at the lists of models. Whatever a service would understand otherwise
/// than we do is refused.
/// `most_body`: bytes, for all of the body is read before any of it is passed on.
refusal judge_head(const http::request_head& head, const llm::api_match& api,
                   const identity::key_facts& key, std::uint64_t most_body);

/// Whether the body has a content coding, so that its model cannot be read.
bool is_encoded(const http::request_head& head);

/// Judges the model that the whole body names (http::model_finder::extent::whole, finished).
refusal judge_model(const http::model_finder& model, const identity::key_facts& key);

}  // namespace frpx::gateway
