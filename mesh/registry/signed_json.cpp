#include "mesh/registry/signed_json.h"

#include <fmt/format.h>

namespace braid::mesh {

std::string sign_json(SortedJson json, const DomainKey& key) {
  json["signature"] = key.sign(json.dump());
  return json.dump();
}

bool SignedJson::is_signed_by(const std::string& public_name) const {
  return mesh::is_signed_by(public_name, json.dump(), signature);
}

Result<SignedJson> read_signed_json(const std::string& text) {
  const auto wrong = [](std::string what) { return Error{.kind = ErrorKind::input, .message = std::move(what)}; };
  try {
    SortedJson json = SortedJson::parse(text);
    if (!json.is_object()) return wrong("it is not a JSON object");
    if (json.dump() != text) return wrong("it is not in the canonical form");
    std::string signature = json.at("signature").get<std::string>();
    json.erase("signature");
    return SignedJson{std::move(json), std::move(signature)};
  } catch (const SortedJson::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  }
}

}  // namespace braid::mesh
