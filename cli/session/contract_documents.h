// The contracts of a project's products as documents of other tools' standards.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session/session.h"

namespace braid::cli {

struct DocumentOptions {
  std::string name;    ///< of a product or public source; in forms of products also of a domain
  std::string format;  ///< of contract_formats()
  std::string tenant;  ///< empty: that of braid.toml, if it names a registry
  std::string over;    ///< path of a contract whose other parts are taken over; "odcs" only
};

/// "odcs", "odps", "asyncapi", "json-schema" …
std::vector<std::string> contract_formats();

/// Reports and gives nothing if the name is unknown, or the form has no place for what the product has.
std::optional<std::string> contract_document(Session& session, const DocumentOptions& options);

}  // namespace braid::cli
