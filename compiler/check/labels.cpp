// Labels of fields: where they may stand, what takes one off (`declassify`), and that a field which carries one does
// not reach readers of other domains unseen.
#include "compiler/check/labels.h"

#include <algorithm>

#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"
#include "compiler/check/reach.h"
#include "compiler/lineage/flow.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/label_findings.h"

namespace braid::checking {

bool known_label(Context& context, const ast::Label& label) {
  const std::optional<std::vector<std::string>>& declared = context.input.labels;
  if (!declared || std::find(declared->begin(), declared->end(), label.text) != declared->end()) return true;
  auto report = context.reporter.report(diag::UnknownLabel{.label = label.text});
  report.at(label.span, "not declared");
  if (const auto meant = closest(label.text, *declared))
    report.fix(Applicability::likely, "use `#" + *meant + "`", {{label.span, "#" + *meant}});
  else
    report.note(declared->empty() ? "`[labels]` names none"
                                  : fmt::format("`[labels]` has: {}", fmt::join(*declared, ", ")));
  return false;
}

namespace {

/// A type of that name, as types.cpp finds it.
const Declaration* alias_of(Context& context, const Place& place, const ast::Path& path) {
  if (path.parts.size() == 1)
    return context.declarations.find(place, NameKind::type, path.parts.front().text).declaration;
  ast::Path prefix = path;
  prefix.parts.pop_back();
  const Domain* domain = context.declarations.find_domain(path_text(prefix));
  if (domain == nullptr) return nullptr;
  const auto type = domain->types.find(path.parts.back().text);
  return type == domain->types.end() ? nullptr : type->second;
}

using LabelsBelow = std::vector<std::pair<std::vector<int>, std::string>>;

/// `lists`: how many of them stand above; the parts of a list of lists are not told apart (lineage::parts_of).
void collect_below(Context& context, const Place& place, const ast::Type& type, std::vector<int>& path, int lists,
                   bool apart, std::set<const Declaration*>& aliases, LabelsBelow& made) {
  std::visit(Overloaded{
                 [&](const ast::NamedType& named) {
                   if (named.path.parts.empty()) return;
                   const Declaration* alias = alias_of(context, place, named.path);
                   if (alias == nullptr || !aliases.insert(alias).second) return;
                   const auto* node = std::get_if<ast::TypeAlias>(&alias->item->node);
                   if (node != nullptr && node->type != nullptr)
                     collect_below(context, place_of(*alias), *node->type, path, lists, apart, aliases, made);
                   aliases.erase(alias);
                 },
                 [&](const ast::ListType& list) {
                   if (list.element != nullptr)
                     collect_below(context, place, *list.element, path, lists + 1, apart && lists == 0, aliases, made);
                 },
                 [&](const ast::MapType& map) {
                   for (const ast::TypePtr* each : {&map.key, &map.value})
                     if (*each != nullptr) collect_below(context, place, **each, path, lists, false, aliases, made);
                 },
                 [&](const ast::StructType& node) {
                   int index = 0;
                   for (const ast::Field& field : node.fields.list) {
                     if (apart) path.push_back(index++);
                     for (const ast::Label& label : field.labels) made.emplace_back(path, label.text);
                     if (field.type != nullptr)
                       collect_below(context, place, *field.type, path, 0, apart, aliases, made);
                     if (apart) path.pop_back();
                   }
                 },
                 [](const auto&) {},
             },
             type.node);
}

/// Of a type that is no field of a record, or of an answer: a label in it would be forgotten.
void no_labels(Context& context, const ast::Type& type) {
  std::visit(Overloaded{
                 [&](const ast::ListType& list) {
                   if (list.element != nullptr) no_labels(context, *list.element);
                 },
                 [&](const ast::MapType& map) {
                   if (map.value != nullptr) no_labels(context, *map.value);
                 },
                 [&](const ast::StructType& node) { no_labels(context, node.fields); },
                 [](const auto&) {},
             },
             type.node);
}

void check_names(Context& context, const ast::Fields& fields);
void check_names(Context& context, const ast::Type& type) {
  std::visit(Overloaded{
                 [&](const ast::ListType& list) {
                   if (list.element != nullptr) check_names(context, *list.element);
                 },
                 [&](const ast::MapType& map) {
                   if (map.value != nullptr) check_names(context, *map.value);
                 },
                 [&](const ast::StructType& node) { check_names(context, node.fields); },
                 [](const auto&) {},
             },
             type.node);
}
void check_names(Context& context, const ast::Fields& fields) {
  for (const ast::Field& field : fields.list) {
    for (const ast::Label& label : field.labels) known_label(context, label);
    if (field.type != nullptr) check_names(context, *field.type);
  }
}

// ---- who may read what ------------------------------------------------------------------------------------------

/// Clauses that say who reads a relation, and how.
struct Access {
  const ast::Clause* allow = nullptr;            ///< the first that names others than the own domain
  std::vector<std::vector<std::string>> masked;  ///< paths
};

bool names_others(const ast::Allow& allow, const std::string& domain) {
  return std::any_of(allow.readers.begin(), allow.readers.end(), [&](const ast::Principal& reader) {
    if (reader.kind != ast::PrincipalKind::domain) return true;
    if (const auto* text = std::get_if<ast::Text>(&reader.who)) return text->value != domain;
    const auto* path = std::get_if<ast::Path>(&reader.who);
    return path == nullptr || path_text(*path) != domain;
  });
}

Access access_of(const Declaration& declaration) {
  const std::vector<ast::Clause>* clauses = nullptr;
  if (const auto* product = std::get_if<ast::Product>(&declaration.item->node)) clauses = &product->clauses;
  if (const auto* source = std::get_if<ast::Source>(&declaration.item->node)) clauses = &source->clauses;
  Access made;
  if (clauses == nullptr) return made;
  for (const ast::Clause& clause : *clauses) {
    if (const auto* allow = std::get_if<ast::Allow>(&clause.node);
        allow != nullptr && made.allow == nullptr && names_others(*allow, declaration.domain->name))
      made.allow = &clause;
    if (const auto* mask = std::get_if<ast::Mask>(&clause.node))
      for (const ast::Path& path : mask->fields) {
        std::vector<std::string> names;
        for (const ast::Name& part : path.parts) names.push_back(part.text);
        made.masked.push_back(std::move(names));
      }
  }
  return made;
}

/// A policy of the domain says what others see of its fields with that label.
bool has_policy(Context& context, const Domain& domain, const std::string& label) {
  const auto& all = context.declarations.all();
  return std::any_of(all.begin(), all.end(), [&](const Declaration* declaration) {
    const auto* policy = std::get_if<ast::Policy>(&declaration->item->node);
    return policy != nullptr && declaration->domain == &domain && policy->label.text == label;
  });
}

/// The labels of a field, at the paths where they stand.
void labelled_paths(const lineage::Shape& shape, const Field& field, std::vector<std::string> path,
                    std::map<std::vector<std::string>, std::set<std::string>>& made) {
  path.push_back(field.name);
  if (!shape.labels.empty()) made[path].insert(shape.labels.begin(), shape.labels.end());
  const std::vector<Field>* fields = lineage::parts_of(field.type);
  if (fields == nullptr || fields->size() != shape.parts.size()) return;
  for (size_t i = 0; i < fields->size(); ++i) labelled_paths(shape.parts[i], (*fields)[i], path, made);
}

struct PublishedLabels {
  Context& context;
  const std::vector<lineage::RelationFlow>& flows;

  /// A source's field from which the label came, for the message; null if none is found.
  const typed::SourceField* origin(typed::RelationId relation, const lineage::Shape& shape, const std::string& label,
                                   std::string& name) const {
    const lineage::Shape all = lineage::flat(shape);
    for (const auto& [from, kind] : all.values) {
      if (from.path.empty() || from.path.front() < 0 || !from.port.empty()) continue;
      const typed::Relation& read = context.project.relations[static_cast<size_t>(from.relation)];
      const auto field = static_cast<size_t>(from.path.front());
      if (field >= flows[static_cast<size_t>(from.relation)].result.fields.size()) continue;
      const lineage::Shape& before = flows[static_cast<size_t>(from.relation)].result.fields[field];
      if (!lineage::flat(before).labels.contains(label)) continue;
      if (from.relation != relation && !read.source) {
        if (const auto* found = origin(from.relation, before, label, name)) return found;
        continue;
      }
      if (!read.source || field >= read.source->fields.size()) continue;
      name = read.qualified() + "." + read.source->fields[field].name;
      return &read.source->fields[field];
    }
    return nullptr;
  }

  void check(const Declaration& declaration, const RelationInfo& info) const {
    const Access access = access_of(declaration);
    // Of errors that stand elsewhere the project has less than was checked. Their owner answers for interfaces.
    if (access.allow == nullptr || context.is_interface(declaration.name.span.file) || info.id < 0 ||
        static_cast<size_t>(info.id) >= flows.size())
      return;
    const typed::Relation& relation = context.project.relations[static_cast<size_t>(info.id)];
    const lineage::Rows& rows = flows[static_cast<size_t>(info.id)].result;
    for (size_t i = 0; i < rows.fields.size() && i < relation.row.size(); ++i) {
      std::map<std::vector<std::string>, std::set<std::string>> labelled;
      labelled_paths(rows.fields[i], relation.row[i], {}, labelled);
      for (const auto& [path, labels] : labelled)
        for (const std::string& label : labels) {
          const bool masked =
              std::any_of(access.masked.begin(), access.masked.end(), [&](const std::vector<std::string>& mask) {
                return mask.size() <= path.size() && std::equal(mask.begin(), mask.end(), path.begin());
              });
          if (masked || has_policy(context, *declaration.domain, label)) continue;
          report(declaration, relation, *access.allow, static_cast<typed::RelationId>(info.id), rows.fields[i],
                 fmt::format("{}", fmt::join(path, ".")), label);
        }
    }
  }

  void report(const Declaration& declaration, const typed::Relation& relation, const ast::Clause& allow,
              typed::RelationId id, const lineage::Shape& shape, const std::string& field,
              const std::string& label) const {
    auto report =
        context.reporter.report(diag::LabelledForOthers{.relation = relation.name, .field = field, .label = label});
    report.at(allow.span, "others than the own domain");
    std::string from;
    if (const typed::SourceField* source = origin(id, shape, label, from); source != nullptr)
      report.also(source->span, "`" + from + "` is labelled here");
    else
      report.also(declaration.name.span, "declared here");
    report.note("`mask " + field + " with hash` beside `allow` shows others a hash of it");
    report.note("`policy " + label + " on #" + label +
                " { … }` masks or grants what carries the label, in the whole domain");
    if (!relation.source)
      report.note("`declassify(e, #" + label +
                  ", because: \"…\")` says that `e` tells nothing that the label protects");
  }
};

}  // namespace

std::vector<std::pair<std::vector<int>, std::string>> labels_below(Context& context, const Place& place,
                                                                   const ast::Type& type) {
  LabelsBelow made;
  std::vector<int> path;
  std::set<const Declaration*> aliases;
  collect_below(context, place, type, path, 0, true, aliases, made);
  return made;
}

std::vector<std::vector<std::string>> result_labels(Context& context, const Place& place, const ast::Type& result,
                                                    size_t fields) {
  std::vector<std::vector<std::string>> made(fields);
  bool any = false;
  for (const auto& [path, label] : labels_below(context, place, result)) {
    if (path.empty() || static_cast<size_t>(path.front()) >= fields) continue;
    made[static_cast<size_t>(path.front())].push_back(label);
    any = true;
  }
  if (!any) made.clear();
  return made;
}

void no_labels(Context& context, const ast::Fields& fields) {
  for (const ast::Field& field : fields.list) {
    for (const ast::Label& label : field.labels)
      context.reporter.report(diag::LabelWithoutMeaning{.label = label.text})
          .at(label.span, "follows from what the value is made of")
          .note("fields of streams and tables, and of what a service answers, have labels");
    if (field.type != nullptr) no_labels(context, *field.type);
  }
}

void check_label_names(Context& context, bool of_run) {
  for (const Declaration* declaration : context.declarations.all()) {
    if (is_of_run(context, *declaration) != of_run || context.is_interface(declaration->name.span.file)) continue;
    std::visit(Overloaded{
                   [&](const ast::Source& source) { check_names(context, source.fields); },
                   [&](const ast::TypeAlias& alias) {
                     if (alias.type != nullptr) check_names(context, *alias.type);
                   },
                   [&](const ast::Service& service) {
                     if (service.result != nullptr) check_names(context, *service.result);
                     for (const ast::Parameter& parameter : service.parameters)
                       if (parameter.type != nullptr) no_labels(context, *parameter.type);
                   },
                   [&](const ast::Function& function) {
                     for (const ast::Parameter& parameter : function.parameters)
                       if (parameter.type != nullptr) no_labels(context, *parameter.type);
                     if (function.result != nullptr) no_labels(context, *function.result);
                   },
                   [&](const ast::Policy& policy) { known_label(context, policy.label); },
                   [](const auto&) {},
               },
               declaration->item->node);
  }
}

void follow_labels(Context& context) {
  if (context.reporter.has_errors()) return;
  const std::optional<std::vector<lineage::RelationFlow>> flows = lineage::follow_labels(context.project);
  if (!flows) return;
  const PublishedLabels published{context, *flows};
  for (const RelationInfo& info : context.relations)
    if (info.declaration != nullptr) published.check(*info.declaration, info);
}

// ---- declassify ----------------------------------------------------------------------------------------------------

typed::ExpressionRef Expressions::declassify(const ast::Expr* object, const ast::Arguments& arguments, Span span) {
  const ast::Expr* value = object;
  const ast::Label* label = nullptr;
  const ast::Expr* because = nullptr;
  auto wrong = [&](std::string argument, std::string problem, Span place) {
    context_.reporter.report(diag::DeclassifyArguments{.argument = std::move(argument), .problem = std::move(problem)})
        .at(place, "`declassify(e, #pii, because: \"…\")`");
    return poison(span);
  };
  for (const ast::Argument& argument : arguments.list) {
    if (const auto* given = std::get_if<ast::Label>(&argument.value)) {
      if (label != nullptr) return wrong("label", "stands twice", argument.span);
      label = given;
      continue;
    }
    const ast::ExprPtr& given = std::get<ast::ExprPtr>(argument.value);
    if (given == nullptr) return poison(span);
    const ast::Expr*& place = argument.name && argument.name->text == "because" ? because : value;
    if (argument.name && argument.name->text != "because")
      return wrong("argument `" + argument.name->text + "`", "is none of these", argument.span);
    if (place != nullptr) return wrong(argument.name ? "reason" : "value", "stands twice", argument.span);
    place = given.get();
  }
  const typed::ExpressionRef made = value == nullptr ? nullptr : check(*value);
  if (value == nullptr) return wrong("value", "is missing", span);
  if (label == nullptr) return wrong("label", "is missing", span);
  if (because == nullptr) return wrong("reason", "is missing", span);
  const typed::ExpressionRef reason = check(*because, string_type());
  const bool known = known_label(context_, *label);
  if (is_poison(made) || is_poison(reason) || !known) return poison(span);
  const auto* text = std::get_if<typed::Constant>(&reason->node);
  if (text == nullptr || !is(reason->type, TypeKind::string))
    return wrong("reason", "is not a text that is known when compiling", because->span);
  if (text->value.text().find_first_not_of(" \t\n") == std::string::npos)
    return wrong("reason", "is empty", because->span);
  return typed::declassify(made, {label->text, text->value.text(), span, nullptr});
}

}  // namespace braid::checking
