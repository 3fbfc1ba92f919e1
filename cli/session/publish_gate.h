// Whether a draft may be published: what has changed since the domain's newest publication, judged by what the readers
// use that the registry has (mesh/gate).
#pragma once

#include <string>
#include <vector>

#include "cli/session/publication_drafts.h"
#include "mesh/access/access_book.h"
#include "mesh/gate/judge.h"
#include "mesh/registry/registry.h"

namespace braid::cli {

/// Of each version whose interface changes, or that the draft retires; those that nothing differs in are left out. A
/// reader that `book` grants the product to is one whatever `allow` says.
Result<std::vector<mesh::ProductVerdict>> judge_draft(mesh::Registry& registry, mesh::AccessBook& book,
                                                      const mesh::Draft& draft,
                                                      const std::optional<mesh::StoredPublication>& head);

/// The same for all drafts of a project, against what the registry has now.
Result<std::vector<mesh::ProductVerdict>> judge_drafts(mesh::Registry& registry, mesh::AccessBook& book,
                                                       const std::vector<mesh::Draft>& drafts);

/// Reports (E7328) what the project cannot publish now and the registry has from before: its readers would go on
/// without the masks and conditions of now. What `retired` names is taken out. Fails if the registry cannot be read.
Status report_withheld(mesh::Registry& registry, const Drafts& drafts, const std::vector<std::string>& retired,
                       Reporter& reporter);

bool breaks(const std::vector<mesh::ProductVerdict>& verdicts);

}  // namespace braid::cli
