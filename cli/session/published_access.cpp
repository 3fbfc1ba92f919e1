#include "cli/session/published_access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cli/session/definition_drafts.h"
#include "compiler/access/read_plan.h"
#include "compiler/check/foreign_reads.h"

namespace braid::cli {
namespace {

std::vector<const ast::Script*> pointers(const Session& session) {
  std::vector<const ast::Script*> made;
  for (const auto& script : session.scripts()) made.push_back(script.get());
  return made;
}

const std::vector<ast::Clause>* clauses_of(const ast::Item& item) {
  if (const auto* product = std::get_if<ast::Product>(&item.node)) return &product->clauses;
  if (const auto* source = std::get_if<ast::Source>(&item.node)) return &source->clauses;
  if (const auto* policy = std::get_if<ast::Policy>(&item.node)) return &policy->clauses;
  return nullptr;
}

/// The reader whose rows `to` writes; nothing: they are for nobody in particular.
std::optional<typed::Principal> reader_of_outlet(const ast::Item& item) {
  const std::vector<ast::Clause>* clauses = clauses_of(item);
  for (const ast::Clause& clause : *clauses)
    if (const auto* to = std::get_if<ast::ToConnector>(&clause.node))
      return to->reader ? std::optional(checking::principal_of(*to->reader)) : std::nullopt;
  return std::nullopt;
}

std::vector<std::string> texts_of(const std::vector<typed::Principal>& principals) {
  std::vector<std::string> made;
  for (const typed::Principal& one : principals) made.push_back(typed::principal_text(one));
  return made;
}

/// The first columns of paths that the value reads.
void add_columns(const typed::ExpressionRef& value, std::set<int>& columns) {
  if (const auto* read = std::get_if<typed::ColumnRead>(&value->node)) columns.insert(read->index);
  for (const typed::ExpressionRef& part : typed::parts(*value)) add_columns(part, columns);
}

class Draft {
 public:
  Draft(const Session& session, const mesh::Declared& declared, const typed::Relation& relation)
      : session_(session), declared_(declared) {
    for (const Field& field : relation.row) fields_.push_back(field.name);
  }

  PublishedAccess take() {
    std::ranges::sort(made_.access.uses, {}, &mesh::DefinitionUse::as);
    std::ranges::sort(made_.access.functions, {}, [](const mesh::DefinitionItem& item) {
      return std::tuple(std::string_view(item.domain), std::string_view(item.kind), std::string_view(item.name));
    });
    return std::move(made_);
  }
  PublishedAccess& made() { return made_; }

  /// As the script writes it; nothing, and why, if others cannot evaluate it.
  std::optional<std::string> text(const ast::Script& script, const ast::Expr& value, bool over_row,
                                  std::string& fault) {
    const mesh::Declared::Parts parts =
        declared_.parts_of(script, value, over_row ? fields_ : std::vector<std::string>(),
                           [&](const std::string& path) { return whole_path(session_.files(), path); });
    fault.clear();
    // A reader may set a param that came with the owner's functions, and so could set a mask away.
    for (const mesh::DefinitionItem& item : parts.items)
      if (item.kind == "param") fault = fmt::format("it reads the param `{}`", item.name);
    for (const mesh::DefinitionUse& use : parts.uses)
      for (const mesh::DefinitionUse& known : made_.access.uses)
        if (known.as == use.as && known.path != use.path)
          fault = fmt::format("`{}` is `{}` in one script and `{}` in another", use.as, known.path, use.path);
    if (!fault.empty()) return std::nullopt;
    for (const mesh::DefinitionUse& use : parts.uses)
      if (std::ranges::find(made_.access.uses, use) == made_.access.uses.end()) made_.access.uses.push_back(use);
    for (const mesh::DefinitionItem& item : parts.items)
      if (std::ranges::find(made_.access.functions, item) == made_.access.functions.end())
        made_.access.functions.push_back(item);
    return std::string(session_.sources().text(value.span));
  }

 private:
  const Session& session_;
  const mesh::Declared& declared_;
  std::vector<std::string> fields_;
  PublishedAccess made_;
};

}  // namespace

AccessDrafts::AccessDrafts(const Session& session)
    : session_(session), declared_(pointers(session), session.sources()) {}

const ast::Item* AccessDrafts::item_of(const typed::Relation& relation) const {
  for (const auto& script : session_.scripts())
    for (const ast::Item& item : script->items) {
      if (const auto* product = std::get_if<ast::Product>(&item.node))
        if (product->name.span == relation.span) return &item;
      if (const auto* source = std::get_if<ast::Source>(&item.node))
        if (source->name.span == relation.span) return &item;
    }
  return nullptr;
}

AccessDrafts::Place AccessDrafts::clause_at(Span span) const {
  for (const auto& script : session_.scripts())
    for (const ast::Item& item : script->items)
      if (const std::vector<ast::Clause>* clauses = clauses_of(item))
        for (const ast::Clause& clause : *clauses)
          if (clause.span == span) return {script.get(), &clause};
  return {};
}

PublishedAccess AccessDrafts::of(const typed::Relation& relation) const {
  Draft draft(session_, declared_, relation);
  PublishedAccess& made = draft.made();
  const ast::Item* item = item_of(relation);
  if (item == nullptr) return draft.take();
  // What its rows are where they are written: those of a source are what they are.
  access::ReadPlan written;
  if (!relation.source) {
    const std::optional<typed::Principal> reader = reader_of_outlet(*item);
    written = reader ? access::read_plan(relation, access::subject_of(*reader)) : access::plan_for_nobody(relation);
    if (written.filter != nullptr && reader) made.access.rows_for = typed::principal_text(*reader);
  }
  std::set<int> masked;
  for (const typed::MaskRule& rule : relation.access.masks) {
    mesh::InterfaceMask mask{
        .field = typed::path_names(relation.row, rule.field), .with = {}, .except = texts_of(rule.except)};
    const bool done = std::ranges::find(written.masks, &rule) != written.masks.end();
    if (done) {
      masked.insert(rule.field.front());
    } else {
      const Place place = clause_at(rule.span);
      const auto* node = place.clause == nullptr ? nullptr : std::get_if<ast::Mask>(&place.clause->node);
      std::string fault = "its text is not in the scripts";
      std::optional<std::string> with;
      if (node != nullptr && node->with != nullptr) with = draft.text(*place.script, *node->with, false, fault);
      if (!with) {
        made.fault = fmt::format("readers cannot mask `{}`: {}", fmt::join(mask.field, "."), fault);
        return draft.take();
      }
      mask.with = std::move(*with);
    }
    made.access.masks.push_back(std::move(mask));
  }
  for (const typed::AllowRule& rule : relation.access.allows) {
    if (rule.where == nullptr) continue;
    const Place place = clause_at(rule.span);
    const auto* node = place.clause == nullptr ? nullptr : std::get_if<ast::Allow>(&place.clause->node);
    if (node == nullptr || node->where == nullptr) continue;
    const std::string clause(session_.sources().text(place.clause->span));
    std::set<int> read;
    add_columns(rule.where, read);
    const auto hidden = std::ranges::find_if(read, [&](int column) { return masked.contains(column); });
    if (hidden != read.end()) {
      made.left_out.push_back(
          fmt::format("`{}` reads `{}`, which is masked in what `to` writes; `to … for domain {}` "
                      "writes rows as they are, and readers mask them",
                      clause, relation.row[static_cast<size_t>(*hidden)].name, relation.domain));
      continue;
    }
    std::string fault;
    const std::optional<std::string> where = draft.text(*place.script, *node->where, true, fault);
    if (where)
      made.access.rows.push_back({.readers = texts_of(rule.readers), .purposes = rule.purposes, .where = *where});
    else
      made.left_out.push_back(fmt::format("`{}`: {}", clause, fault));
  }
  return draft.take();
}

}  // namespace braid::cli
