// Who may read a relation, and what: `allow`, `mask`, and the policies of the domain on labels of its fields. What a
// mask gives has the type of its field, so that every reader finds the same row. Masks and conditions never fail, so
// that no error tells of what is masked.
#include <algorithm>

#include "compiler/access/read_plan.h"
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "compiler/check/foreign_reads.h"
#include "compiler/check/labelled_paths.h"
#include "compiler/check/relations.h"
#include "runtime/report/access_findings.h"

namespace braid::checking {

typed::Principal principal_of(const ast::Principal& written) {
  typed::Principal made;
  made.kind = static_cast<typed::Principal::Kind>(written.kind);
  if (const auto* text = std::get_if<ast::Text>(&written.who)) made.name = text->value;
  if (const auto* path = std::get_if<ast::Path>(&written.who)) made.name = path_text(*path);
  return made;
}

namespace {

/// In masks the name of a function that a script need not have.
constexpr std::string_view kHash = "hash", kHashFunction = "sha256";
/// What a mask's function gets: no script can write the name.
const std::string kMasked = "`masked";

std::vector<typed::Principal> principals_of(const std::vector<ast::Principal>& written) {
  std::vector<typed::Principal> made;
  for (const ast::Principal& one : written) made.push_back(principal_of(one));
  return made;
}

bool reads_beside_row(const typed::ExpressionRef& value) {
  if (std::holds_alternative<typed::AmbientRead>(value->node)) return true;
  const std::vector<typed::ExpressionRef> parts = typed::parts(*value);
  return std::any_of(parts.begin(), parts.end(), reads_beside_row);
}

struct AccessChecker {
  Context& context;
  const RelationInfo& info;
  typed::Relation& made;
  Place place;
  const Row& row = info.row;

  struct Masked {
    std::vector<int> path;
    std::string name;
    Type type;
    Span declared;
  };

  /// What readers are shown may not depend on when, or on which record, nor fail.
  bool sound(const typed::ExpressionRef& value, std::string clause, Span span) {
    if (!reads_beside_row(value)) return true;
    context.reporter.report(diag::AmbientInMask{.clause = std::move(clause), .relation = made.name})
        .at(span, "the same row would be shown in different ways")
        .note("of the row's own fields alone can be said what a reader sees");
    return false;
  }

  void allow(const ast::Allow& node, Span span) {
    typed::AllowRule rule{.readers = principals_of(node.readers), .purposes = {}, .span = span};
    for (const ast::Name& purpose : node.purposes) rule.purposes.push_back(purpose.text);
    if (node.where != nullptr) {
      Expressions expressions(context, place, &row);
      rule.where = expressions.condition(*node.where);
      if (is_poison(rule.where) || !sound(rule.where, "condition of an `allow`", node.where->span)) return;
      rule.where = never_failing(rule.where);
    }
    made.access.allows.push_back(std::move(rule));
  }

  /// The value at the path; what is in the way is there.
  typed::ExpressionRef read(const Masked& field, Span span) const {
    typed::ExpressionRef value = typed::make(made.row[static_cast<size_t>(field.path.front())].type, span,
                                             typed::ColumnRead{field.path.front()});
    for (size_t i = 1; i < field.path.size(); ++i) {
      if (is_optional(value->type))
        value = typed::make(value->type->element, span, typed::Convert{typed::Conversion::unwrap, value});
      value = typed::make(value->type->fields[static_cast<size_t>(field.path[i])].type, span,
                          typed::FieldRead{value, field.path[i]});
    }
    return value;
  }

  /// Null after a report.
  typed::ExpressionRef masked(const ast::Mask& node, const Masked& field, Place of_clause) {
    if (node.with == nullptr) return nullptr;
    const ast::Expr& with = *node.with;
    Expressions expressions(context, of_clause, nullptr);
    const typed::ExpressionRef value = read(field, with.span);
    typed::ExpressionRef result;
    if (const auto* lambda = std::get_if<ast::Lambda>(&with.node)) {
      if (lambda->body == nullptr) return nullptr;
      if (lambda->parameters.size() != 1) {
        context.reporter.report(diag::MaskParameters{.count = static_cast<int64_t>(lambda->parameters.size())})
            .at(with.span, "it gets the value of the field")
            .note("`x => x.right(3)`");
        return nullptr;
      }
      expressions.add_local(lambda->parameters.front().text, value, lambda->parameters.front().span);
      result = expressions.check(*lambda->body, field.type);
    } else if (const auto* name = std::get_if<ast::NameExpr>(&with.node)) {
      std::string function = name->text;
      const bool own = context.declarations.find(of_clause, NameKind::function, function).declaration != nullptr;
      if (function == kHash && !own) {
        // A hash is a text: of other types there is none that a reader could be given.
        if (!is(without_optional(field.type), TypeKind::string))
          return typed::make(field.type, with.span, typed::Constant{typed::zero_value(field.type)});
        function = kHashFunction;
      }
      expressions.add_local(kMasked, value, with.span);
      ast::Expr call{with.span, ast::ErrorExpr{}};
      auto argument = std::make_unique<ast::Expr>(ast::Expr{with.span, ast::NameExpr{kMasked}});
      if (is_optional(field.type)) {  // null stays null
        call.node = ast::MethodCall{std::move(argument), true, {function, with.span}, {{}, with.span}};
      } else {
        ast::Arguments arguments{{}, with.span};
        arguments.list.push_back({std::nullopt, std::move(argument), with.span});
        call.node = ast::Call{{function, with.span}, std::move(arguments)};
      }
      result = expressions.check(call, field.type);
    } else {
      return nullptr;
    }
    if (is_poison(result)) return nullptr;
    const typed::ExpressionRef fitting = expressions.fit(result, field.type);
    if (fitting == nullptr) {
      auto report = context.reporter.report(
          diag::MaskType{.field = field.name, .found = type_text(result->type), .type = type_text(field.type)});
      report.at(with.span, "gives `" + type_text(result->type) + "`");
      if (!field.declared.empty()) report.also(field.declared, "declared here");
      report.note("every reader finds the same row: a mask gives the type of its field");
      if (is_optional(result->type) && same(result->type->element, field.type))
        report.note("`?? …` says what stands there instead of null");
      return nullptr;
    }
    if (!sound(fitting, "mask of `" + field.name + "`", with.span)) return nullptr;
    return never_failing(fitting);
  }

  /// Where the expression fails null, or the empty value of its type, so that no error tells of a value.
  static typed::ExpressionRef never_failing(const typed::ExpressionRef& value) {
    if (!value->can_fail) return value;
    const Type& type = value->type;
    const typed::ExpressionRef tried =
        typed::make(is_optional(type) ? type : optional_type(type), value->span, typed::Attempt{value});
    if (is_optional(type)) return tried;
    const typed::ExpressionRef nothing = typed::make(type, value->span, typed::Constant{typed::zero_value(type)});
    return typed::make(type, value->span, typed::Coalesce{tried, nothing});
  }

  /// Rows are told apart, and placed in time, by what they are. True: it is reported.
  bool is_key(const Masked& field, Span span) {
    const auto overlap = [&](const std::vector<int>& path) {
      const size_t length = std::min(path.size(), field.path.size());
      return std::equal(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length), field.path.begin());
    };
    const bool time =
        (made.time_field >= 0 && overlap({made.time_field})) || (!made.time_path.empty() && overlap(made.time_path));
    if (!time && std::none_of(made.key.begin(), made.key.end(), overlap)) return false;
    auto report = context.reporter.report(
        diag::MaskOfKey{.field = field.name, .part = time ? "time" : "key", .relation = made.name});
    report.at(span, time ? "readers order its rows by it" : "readers tell its rows apart by it");
    if (!field.declared.empty()) report.also(field.declared, "declared here");
    report.note(time ? "`select` can give readers a time of less precision, under another name"
                     : "a key that says nothing can be made in the `select`: `sha256(" + field.name + ")`");
    return true;
  }

  const typed::MaskRule* rule_of(const std::vector<int>& path) const {
    for (const typed::MaskRule& rule : made.access.masks) {
      const size_t length = std::min(rule.field.size(), path.size());
      if (std::equal(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length), rule.field.begin()))
        return &rule;
    }
    return nullptr;
  }

  void mask(const ast::Mask& node, Span span) {
    for (const ast::Path& path : node.fields) {
      const std::optional<FieldPath> found = find_path(context, row, path);
      if (!found || is_error(found->type)) continue;
      const RowField& column = row.fields[static_cast<size_t>(found->column)];
      Masked field{{found->column}, path_text(path), column.type, column.declared};
      field.path.insert(field.path.end(), found->below.begin(), found->below.end());
      for (const int part : found->below)
        field.type = without_optional(field.type)->fields[static_cast<size_t>(part)].type;
      if (is_key(field, path.span)) continue;
      if (const typed::MaskRule* before = rule_of(field.path)) {
        context.reporter.report(diag::MaskTwice{.field = field.name, .relation = made.name})
            .at(path.span, "masked again")
            .also(before->span, "masked here");
        continue;
      }
      if (typed::ExpressionRef value = masked(node, field, place))
        made.access.masks.push_back({field.path, std::move(value), principals_of(node.except), {}, span});
    }
  }

  /// Policies of the domain on the labels of a field, in the order of their names.
  std::vector<std::pair<const Declaration*, const ast::Policy*>> policies_on(const std::vector<std::string>& labels) {
    std::vector<std::pair<const Declaration*, const ast::Policy*>> found;
    for (const Declaration* declaration : context.declarations.all()) {
      const auto* policy = std::get_if<ast::Policy>(&declaration->item->node);
      if (policy == nullptr || declaration->domain != info.declaration->domain) continue;
      const std::string_view label = policy->label.text;
      if (std::any_of(labels.begin(), labels.end(), [&](const std::string& one) { return same_label(one, label); })) {
        found.emplace_back(declaration, policy);
        context.declarations.note(*declaration);
      }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.second->name.text < b.second->name.text; });
    return found;
  }
  static bool same_label(std::string_view a, std::string_view b) {
    if (a.starts_with('#')) a.remove_prefix(1);
    if (b.starts_with('#')) b.remove_prefix(1);
    return a == b;
  }

  /// `own`: the relation says itself who may read it.
  void policies(bool own) {
    std::set<const ast::Policy*> met;
    const RowMarks marks = marks_of(context, made);
    for (int field = 0; field < static_cast<int>(row.fields.size()); ++field) {
      if (labels_of(marks, field).empty()) continue;
      for (const auto& [path, labels] : labelled_paths(marks, field)) {
        const auto found = policies_on(labels);
        for (const auto& [declaration, policy] : found) met.insert(policy);
        if (rule_of(path) == nullptr) mask_by_policy(path, found);
      }
    }
    if (own) return;
    for (const ast::Policy* policy : met)
      for (const ast::Clause& clause : policy->clauses)
        if (const auto* node = std::get_if<ast::Allow>(&clause.node)) allow(*node, clause.span);
  }

  void mask_by_policy(const std::vector<int>& path,
                      const std::vector<std::pair<const Declaration*, const ast::Policy*>>& found) {
    const RowField& of_row = row.fields[static_cast<size_t>(path.front())];
    Masked field{path, of_row.name, of_row.type, of_row.declared};
    for (size_t i = 1; i < path.size(); ++i) {
      const Field& part = without_optional(field.type)->fields[static_cast<size_t>(path[i])];
      field.name += "." + part.name;
      field.type = part.type;
    }
    if (holds_error(field.type)) return;
    const ast::Policy* masked_by = nullptr;
    Span masked_at = {};
    for (const auto& [declaration, policy] : found) {
      for (const ast::Clause& clause : policy->clauses) {
        const auto* node = std::get_if<ast::Mask>(&clause.node);
        if (node == nullptr) continue;
        if (masked_by != nullptr) {
          if (context.text(clause.span) == context.text(masked_at)) continue;
          context.reporter
              .report(diag::PolicyMasks{.first = masked_by->name.text,
                                        .second = policy->name.text,
                                        .field = field.name,
                                        .relation = made.name})
              .at(info.declaration->name.span, "which of them holds?")
              .also(masked_at, "one mask")
              .also(clause.span, "another one")
              .note("`mask " + field.name + " with …` in the header of `" + made.name + "` comes before both");
          return;
        }
        masked_by = policy;
        masked_at = clause.span;
        if (is_key(field, info.declaration->name.span)) return;
        if (typed::ExpressionRef value = masked(*node, field, place_of(*declaration)))
          made.access.masks.push_back(
              {path, std::move(value), principals_of(node->except), policy->name.text, clause.span});
      }
    }
  }

  /// What `to` writes: for the reader that it names, or for nobody.
  void outlet(const ast::ToConnector* to, Span span) {
    const std::optional<ast::Principal> named = to == nullptr ? std::nullopt : to->reader;
    const access::ReadPlan plan =
        named ? access::read_plan(made, access::subject_of(principal_of(*named))) : access::plan_for_nobody(made);
    if (plan.refused) {
      const std::string reader = named ? typed::principal_text(principal_of(*named)) : "";
      auto report = named ? context.reporter.report(diag::SinkRefused{.reader = reader, .relation = made.name})
                          : context.reporter.report(diag::SinkWithoutRows{.relation = made.name});
      report.at(span, named ? "would get no row" : "every row is granted to somebody, and none to all who read there");
      report.note(named
                      ? "`allow read to " + reader + "` lets it read"
                      : "`to … for role …` writes the rows of one reader; an `allow` without `where` gives every row");
      return;
    }
    made.outlet = access::read_steps(made, plan);
  }
};

}  // namespace

void check_access(Context& context, const RelationInfo& info, const std::vector<ast::Clause>& clauses,
                  typed::Relation& made) {
  made.hides_records = reads_another_domain(context, made);
  check_masked_keys(context, made);
  if (made.kind == typed::RelationKind::view || info.row.open) return;
  AccessChecker checker{context, info, made, place_of(*info.declaration)};
  bool own = false;
  const ast::ToConnector* to = nullptr;
  Span to_span = info.declaration->name.span;
  const size_t findings = context.reporter.size();
  for (const ast::Clause& clause : clauses) {
    if (const auto* node = std::get_if<ast::Allow>(&clause.node)) checker.allow(*node, clause.span), own = true;
    if (const auto* node = std::get_if<ast::Mask>(&clause.node)) checker.mask(*node, clause.span);
    if (const auto* node = std::get_if<ast::ToConnector>(&clause.node); node != nullptr && to == nullptr)
      to = node, to_span = node->reader ? node->reader->span : clause.span;
  }
  // What nobody else reads is nobody else's to see.
  if (made.kind == typed::RelationKind::product || made.is_public || own) checker.policies(own);
  if (made.kind == typed::RelationKind::product && context.reporter.size() == findings) checker.outlet(to, to_span);
}

void check_outlet(Context& context, const RelationInfo& info, const ast::ToConnector& to, typed::Relation& made) {
  AccessChecker checker{context, info, made, place_of(*info.declaration)};
  checker.outlet(&to, to.reader ? to.reader->span : info.declaration->name.span);
}

}  // namespace braid::checking
