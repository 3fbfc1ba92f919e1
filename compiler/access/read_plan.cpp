#include "compiler/access/read_plan.h"

#include <algorithm>

namespace braid::access {
namespace {

using typed::Principal;

bool names_one(const std::vector<Principal>& principals, const Subject& subject) {
  return std::any_of(principals.begin(), principals.end(),
                     [&](const Principal& principal) { return names(principal, subject); });
}

bool grants(const typed::AllowRule& rule, const Subject& subject, std::optional<int64_t> at_us) {
  if (at_us && rule.until_us && *rule.until_us <= *at_us) return false;
  if (!names_one(rule.readers, subject)) return false;
  return rule.purposes.empty() ||
         std::find(rule.purposes.begin(), rule.purposes.end(), subject.purpose) != rule.purposes.end();
}

typed::ExpressionRef either(typed::ExpressionRef left, typed::ExpressionRef right) {
  const Span span = right->span;
  return typed::make(bool_type(), span, typed::Either{std::move(left), std::move(right)});
}

/// A value with another one at the path of fields below it; null stays null.
typed::ExpressionRef with_part(const typed::ExpressionRef& value, const std::vector<int>& path, size_t at,
                               const typed::ExpressionRef& part) {
  if (at == path.size()) return part;
  const Span span = part->span;
  const Type type = without_optional(value->type);
  typed::ExpressionRef read = value;
  if (is_optional(value->type)) read = typed::make(type, span, typed::Convert{typed::Conversion::unwrap, value});
  std::vector<typed::ExpressionRef> fields;
  for (size_t i = 0; i < type->fields.size(); ++i) {
    fields.push_back(typed::make(type->fields[i].type, span, typed::FieldRead{read, static_cast<int>(i)}));
    if (static_cast<int>(i) == path[at]) fields.back() = with_part(fields.back(), path, at + 1, part);
  }
  typed::ExpressionRef made = typed::make(type, span, typed::MakeStruct{std::move(fields)});
  if (!is_optional(value->type)) return made;
  const Type optional = value->type;
  const typed::ExpressionRef nothing = typed::make(optional, span, typed::Constant{Value{Null{}}});
  return typed::make(
      optional, span,
      typed::Choose{typed::make(bool_type(), span, typed::IsNull{value}), nothing,
                    typed::make(optional, span, typed::Convert{typed::Conversion::to_optional, std::move(made)})});
}

std::string path_text(const std::vector<Field>& row, const std::vector<int>& path) {
  std::string text = row[static_cast<size_t>(path.front())].name;
  Type type = row[static_cast<size_t>(path.front())].type;
  for (size_t i = 1; i < path.size(); ++i) {
    const Field& field = without_optional(type)->fields[static_cast<size_t>(path[i])];
    text += "." + field.name;
    type = field.type;
  }
  return text;
}

}  // namespace

Subject subject_of(const Principal& principal, std::string purpose) {
  Subject made;
  made.purpose = std::move(purpose);
  if (principal.kind == Principal::Kind::role) made.roles = {principal.name};
  if (principal.kind == Principal::Kind::domain) made.domain = principal.name;
  if (principal.kind == Principal::Kind::user) made.user = principal.name;
  return made;
}

std::string subject_text(const Subject& subject) {
  std::vector<std::string> parts;
  if (!subject.domain.empty()) parts.push_back("domain " + subject.domain);
  for (const std::string& role : subject.roles) parts.push_back("role " + role);
  if (!subject.user.empty()) parts.push_back("user \"" + subject.user + "\"");
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  if (text.empty()) text = "anyone";
  return subject.purpose.empty() ? text : text + " for purpose " + subject.purpose;
}

bool names(const Principal& principal, const Subject& subject) {
  switch (principal.kind) {
    case Principal::Kind::anyone:
      return true;
    case Principal::Kind::role:
      return std::find(subject.roles.begin(), subject.roles.end(), principal.name) != subject.roles.end();
    case Principal::Kind::domain:
      return principal.name == subject.domain;
    case Principal::Kind::user:
      return principal.name == subject.user;
  }
  return false;
}

ReadPlan read_plan(const typed::Relation& relation, const Subject& subject, std::optional<int64_t> at_us) {
  ReadPlan plan;
  if (subject.domain == relation.domain) return plan;
  // `public` opens a declared stream or table; an `allow` says to whom.
  const bool open = relation.source && relation.is_public && relation.access.allows.empty();
  bool granted = open, every_row = open;
  typed::ExpressionRef filter;
  std::optional<int64_t> until;
  for (const typed::AllowRule& rule : relation.access.allows) {
    if (!grants(rule, subject, at_us)) continue;
    granted = true;
    if (rule.until_us) until = until ? std::min(*until, *rule.until_us) : *rule.until_us;
    if (rule.where == nullptr)
      every_row = true;
    else
      filter = filter == nullptr ? rule.where : either(filter, rule.where);
  }
  if (!granted) return {.refused = true};
  if (!every_row) plan.filter = std::move(filter);
  plan.until_us = until;
  for (const typed::MaskRule& mask : relation.access.masks)
    if (!names_one(mask.except, subject)) plan.masks.push_back(&mask);
  return plan;
}

ReadPlan plan_for_nobody(const typed::Relation& relation) {
  ReadPlan plan;
  const std::vector<typed::AllowRule>& allows = relation.access.allows;
  plan.refused = !allows.empty() && std::all_of(allows.begin(), allows.end(),
                                                [](const typed::AllowRule& rule) { return rule.where != nullptr; });
  if (plan.refused) return plan;
  for (const typed::MaskRule& mask : relation.access.masks) plan.masks.push_back(&mask);
  return plan;
}

std::vector<typed::Step> read_steps(const typed::Relation& relation, const ReadPlan& plan) {
  std::vector<typed::Step> steps;
  if (plan.filter != nullptr)
    steps.push_back({.content = typed::WhereStep{plan.filter, {}},
                     .row = relation.row,
                     .span = plan.filter->span,
                     .text = "allow read where"});
  if (plan.masks.empty()) return steps;
  typed::ProjectStep masked{std::string(kMaskWord), {}};
  for (size_t i = 0; i < relation.row.size(); ++i)
    masked.columns.push_back(typed::make(relation.row[i].type, relation.span, typed::ColumnRead{static_cast<int>(i)}));
  std::string text = "mask";
  for (const typed::MaskRule* mask : plan.masks) {
    typed::ExpressionRef& column = masked.columns[static_cast<size_t>(mask->field.front())];
    column = with_part(column, mask->field, 1, mask->value);
    text += (mask == plan.masks.front() ? " " : ", ") + path_text(relation.row, mask->field);
  }
  steps.push_back({.content = std::move(masked), .row = relation.row, .span = plan.masks.front()->span, .text = text});
  return steps;
}

}  // namespace braid::access
