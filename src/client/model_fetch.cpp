#include "client/model_fetch.hpp"

#include "client/local_get.hpp"

namespace frpx::client {
namespace {

struct source {
  const char* path;
  result<host::model_list> (*parse)(std::string_view body);
};

source source_of(model_source which) {
  switch (which) {
    case model_source::openai:
      break;
    case model_source::ollama:
      return {"/api/tags", host::parse_ollama_models};
    case model_source::ollama_loaded:
      return {"/api/ps", host::parse_ollama_models};
  }
  return {"/v1/models", host::parse_models};
}

model_listing absent(std::string why) {
  return {model_listing::kind::absent, {}, std::move(why)};
}
model_listing unknown(std::string why) {
  return {model_listing::kind::unknown, {}, std::move(why)};
}

}  // namespace

boost::asio::awaitable<model_listing> fetch_models(net::worker& on, local_service& from,
                                                   steady_clock::duration patience,
                                                   model_source which) {
  const source asked = source_of(which);
  auto answer = co_await local_get(on, from, asked.path, host::largest_listing, patience);
  if (answer.how == local_answer::kind::absent) co_return absent(std::move(answer.why));
  if (answer.how == local_answer::kind::unknown) co_return unknown(std::move(answer.why));
  const std::string status = std::to_string(answer.status);
  if (answer.status == 404 || answer.status == 405 || answer.status == 501) {
    co_return absent("the service has no listing (" + status + ")");
  }
  if (answer.status != 200) co_return unknown("the service answered " + status);
  auto models = asked.parse(answer.body);
  if (!models) co_return unknown(models.error().message());
  co_return model_listing{
      model_listing::kind::listed, std::move(models->models), {}, models->left_out};
}

}  // namespace frpx::client
