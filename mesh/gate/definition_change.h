// What differs between two forms of a definition, and whom that breaks. Types go by the rules of products' fields. A
// definition becomes part of the job that uses it, so a change breaks those who take it when they move their pin: none
// of the jobs that run. Plain values; pure; any thread.
#pragma once

#include <vector>

#include "mesh/definition/definition.h"
#include "mesh/gate/judge.h"

namespace braid::mesh {

/// In the order: kinds that are gone, types, signatures, states, bodies, texts.
std::vector<Change> changes_between(const Definition& before, const Definition& after);

/// `users`: fields and enums as UseOfDefinition has them.
Verdict judge(const Definition& before, const Definition& after, const std::vector<KnownReader>& users);
/// It is no longer published.
Verdict judge_removal(const Definition& before, const std::vector<KnownReader>& users);
/// A user that uses all there is.
KnownReader user_of_all(const Definition& definition);

}  // namespace braid::mesh
