#include "client/token_file.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "client/errc.hpp"
#include "core/file.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {
namespace {

namespace json = boost::json;

// The text of a field that may be missing; a field of another type is as good as missing.
std::string text_of(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains(name);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

result<kept_token> parse(std::string_view text) {
  error_code failed;
  const json::value root = json::parse(text, failed);
  if (failed || !root.is_object()) return errc::token_file_not_json;
  const json::object& object = root.get_object();
  kept_token kept{secret(text_of(object, "token")), text_of(object, "server"),
                  text_of(object, "email")};
  if (kept.token.empty() || kept.token.reveal().size() > wire::longest_secret) {
    return errc::token_file_without_token;
  }
  return kept;
}

}  // namespace

bool kept_token::fits(const std::string& to_server, const std::string& for_email) const {
  return (server.empty() || server == to_server) &&
         (email.empty() || for_email.empty() || email == for_email);
}

result<std::optional<kept_token>> load_token(const std::filesystem::path& file) {
  const auto text = read_file(file, largest_token_file);
  if (!text && text.error() == boost::system::errc::no_such_file_or_directory) {
    return std::optional<kept_token>();
  }
  if (!text && text.error() == file_errc::not_regular) return errc::token_file_not_a_file;
  if (!text && text.error() == file_errc::too_large) return errc::token_file_too_large;
  if (!text) return text.error();
  result<kept_token> kept = parse(*text);
  if (!kept) return kept.error();
  return std::optional<kept_token>(std::move(*kept));
}

result<void> save_token(const std::filesystem::path& file, const kept_token& kept) {
  const std::string text = json::serialize(
      json::object{{"token", kept.token.reveal()}, {"server", kept.server}, {"email", kept.email}});
  if (const error_code failed = replace_file(file, text)) return failed;
  return {};
}

}  // namespace frpx::client
