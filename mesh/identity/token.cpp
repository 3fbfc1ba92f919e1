#include "mesh/identity/token.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

namespace braid::mesh {
namespace {

using Json = nlohmann::json;

Error refused(std::string why) {
  return {.kind = ErrorKind::usage, .message = std::move(why)};
}

struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_text;  ///< header and payload
};

std::optional<Parts> split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{.header = token.substr(0, first),
               .payload = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .signed_text = token.substr(0, second)};
}

/// A JSON object without a name twice: of two, readers could take different ones.
std::optional<Json> object_of(std::string_view part) {
  std::string text;
  if (!parse_base64url(part, text)) return std::nullopt;
  bool twice = false;
  std::vector<std::set<std::string>> names;
  const auto look = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) twice |= !names.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  Json json = Json::parse(text, look, false);
  if (!json.is_object() || twice) return std::nullopt;
  return json;
}

std::optional<std::string> text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

/// Seconds since 1970 as microseconds. Nothing if it is there and no such number.
bool instant_of(const Json& claims, const char* name, std::optional<int64_t>& made) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_number()) return false;
  const double seconds = found->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e11) return false;
  made = static_cast<int64_t>(seconds * 1e6);
  return true;
}

bool is_for(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return found->get<std::string>() == audience;
  return found->is_array() && std::find(found->begin(), found->end(), Json(audience)) != found->end();
}

/// Nothing if what is there is no texts.
std::optional<std::vector<std::string>> roles_of(const Json& claims, const std::string& path) {
  if (path.empty()) return std::vector<std::string>();
  const Json* at = &claims;
  // A name may have dots itself, as URLs that are names have.
  const auto whole = claims.find(path);
  if (whole != claims.end()) at = &*whole;
  for (size_t begin = 0; whole == claims.end() && begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    if (!at->is_object()) return std::nullopt;
    const auto found = at->find(path.substr(begin, end - begin));
    if (found == at->end()) return std::vector<std::string>();
    at = &*found;
    begin = end + 1;
  }
  std::set<std::string> roles;
  if (at->is_string()) {  // as `scope` has them
    std::istringstream words(at->get<std::string>());
    for (std::string word; words >> word;) roles.insert(word);
  } else if (at->is_array()) {
    for (const Json& one : *at) {
      if (!one.is_string()) return std::nullopt;
      roles.insert(one.get<std::string>());
    }
  } else {
    return std::nullopt;
  }
  return std::vector<std::string>(roles.begin(), roles.end());
}

Result<Identity> identity_of(const Json& claims, const IdentityRules& rules, int64_t now_us) {
  if (text_of(claims, "iss") != rules.issuer) return refused("it is of another issuer");
  if (!is_for(claims, rules.audience)) return refused("it is for another audience");
  std::optional<int64_t> ends, begins, issued;
  if (!instant_of(claims, "exp", ends) || !ends) return refused("it does not say when it ends");
  if (!instant_of(claims, "nbf", begins) || !instant_of(claims, "iat", issued))
    return refused("it does not say when it begins");
  if (*ends + rules.skew_us <= now_us) return refused("it has ended");
  if (begins.value_or(0) > now_us + rules.skew_us || issued.value_or(0) > now_us + rules.skew_us)
    return refused("it has not begun");
  const std::optional<std::string> subject = text_of(claims, "sub");
  if (!subject || subject->empty()) return refused("it does not say who it is of");
  std::optional<std::vector<std::string>> roles = roles_of(claims, rules.roles);
  if (!roles) return refused("its roles are no texts");
  return Identity{.subject = *subject, .roles = *std::move(roles), .until_us = *ends};
}

}  // namespace

std::string key_id_of(const std::string& token) {
  if (token.size() > kLongestToken) return "";
  const std::optional<Parts> parts = split(token);
  const std::optional<Json> header = parts ? object_of(parts->header) : std::nullopt;
  return header ? text_of(*header, "kid").value_or("") : "";
}

Result<Identity> verify_token(const std::string& token, const KeySet& keys, const IdentityRules& rules,
                              int64_t now_us) {
  if (rules.issuer.empty() || rules.audience.empty()) return refused("no issuer and audience are named");
  if (token.size() > kLongestToken) return refused("it is too long");
  const std::optional<Parts> parts = split(token);
  const std::optional<Json> header = parts ? object_of(parts->header) : std::nullopt;
  if (!header) return refused("it is no signed token");
  if (header->contains("crit")) return refused("it asks for what is not supported");
  if (header->contains("kid") && !text_of(*header, "kid")) return refused("it is no signed token");
  const std::string algorithm = text_of(*header, "alg").value_or("");
  if (algorithm != "RS256" && algorithm != "ES256" && algorithm != "EdDSA")
    return refused("it is not signed by RS256, ES256 or EdDSA");
  const std::string key = text_of(*header, "kid").value_or("");
  if (!keys.has(key)) return refused("the issuer has no such key");
  std::string signature;
  if (!parse_base64url(parts->signature, signature) || !keys.verifies(key, algorithm, parts->signed_text, signature))
    return refused("its signature is wrong");
  const std::optional<Json> claims = object_of(parts->payload);
  if (!claims) return refused("it is no signed token");
  return identity_of(*claims, rules, now_us);
}

}  // namespace braid::mesh
