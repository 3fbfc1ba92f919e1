// What a reader sees of a relation: refused, or which rows and which fields of them. Pure: the same relation and
// subject give the same plan, without a clock; an instant at which grants may have ended is an argument. Plans refer to
// the relation, which outlives them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/typed/project.h"

namespace braid::access {

/// Who reads, and what for. What is empty is not known of the reader, and nothing is granted for it.
struct Subject {
  std::string domain;
  std::vector<std::string> roles;
  std::string user;
  std::string purpose;
};
/// The reader that a clause of a script names: `role crm`.
Subject subject_of(const typed::Principal& principal, std::string purpose = {});
/// "domain marketing", "role analyst for purpose care", as diagnostics name it.
std::string subject_text(const Subject& subject);
/// Whether a clause that names `principal` names this reader.
bool names(const typed::Principal& principal, const Subject& subject);

struct ReadPlan {
  bool refused = false;
  typed::ExpressionRef filter;                ///< over the relation's row, cannot fail; null: every row
  std::vector<const typed::MaskRule*> masks;  ///< in the order of the relation's
  std::optional<int64_t> until_us;            ///< the plan holds until then: a grant that it rests on ends
  /// Every row, as it is.
  bool whole() const { return !refused && filter == nullptr && masks.empty(); }
};

/// `at_us`: grants that have ended by then grant nothing; absent: those that end are taken as if they did not.
ReadPlan read_plan(const typed::Relation& relation, const Subject& subject, std::optional<int64_t> at_us = {});
/// What `to` writes for nobody in particular: every mask, and no row that only a `where` grants. Refused: that is none.
ReadPlan plan_for_nobody(const typed::Relation& relation);

/// The plan, which is not refused, as steps over the relation's row: what it filters, then what it masks.
std::vector<typed::Step> read_steps(const typed::Relation& relation, const ReadPlan& plan);
/// Of the step that masks: the only one whose columns keep their names and are computed.
inline constexpr std::string_view kMaskWord = "mask";

}  // namespace braid::access
