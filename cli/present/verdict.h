// What a change of a product breaks (mesh/gate/judge.h), as text for people, JSON, or annotations of a CI run.
#pragma once

#include <string>

#include "mesh/gate/judge.h"

namespace braid::cli {

enum class VerdictFormat { text, json, annotations };

/// JSON is one object for all: `{"breaks": bool, "products": [...]}`. Annotations have the form `::error file=…::text`,
/// which GitHub and Gitea show beside the line; what only needs notice is `::notice`.
std::string verdict_text(const std::vector<mesh::ProductVerdict>& products, VerdictFormat format);

}  // namespace braid::cli
