#include "compiler/check/relations.h"

#include "compiler/check/closest.h"
#include "compiler/check/types.h"
#include "runtime/base/overloaded.h"

namespace braid::checking {

bool is_standing_port(std::string_view name) {
  return name == "rejected" || name == "late" || name == "unmatched" || name == "alerts" || name == "changes";
}

namespace {

void unknown_relation(Context& context, const Place& place, const ast::Path& path) {
  const ast::Name& first = path.parts.front();
  if (path.parts.size() == 1) {
    for (const NameKind kind : {NameKind::function, NameKind::type, NameKind::param}) {
      const Declarations::Found other = context.declarations.find(place, kind, first.text);
      if (other.silent) return;
      if (other.declaration == nullptr) continue;
      context.reporter.report(diag::NotARelation{.name = first.text, .kind = std::string(other.declaration->kind())})
          .at(first.span, "a " + std::string(other.declaration->kind()))
          .also(other.declaration->name.span, "declared here");
      return;
    }
  }
  // `x.rejected` of an unknown `x`, and what else is read of an `x` that was missed before.
  ast::Path missed = path;
  if (path.parts.size() > 1 &&
      (is_standing_port(path.parts.back().text) || context.missed_relations.contains({place.domain, first.text})))
    missed.parts.resize(path.parts.size() - 1);
  const auto meant = closest(first.text, context.declarations.names(place, NameKind::relation));
  // `from trading.trade` of a domain that the project does not have.
  if (missed.parts.size() > 1 && !meant && context.declarations.find_domain(first.text) == nullptr) {
    ast::Path of = path;
    of.parts.pop_back();
    const Span span = cover(of.parts.front().span, of.parts.back().span);
    auto report = context.reporter.report(diag::UnknownDomain{.name = path_text(of)});
    report.at(span, "no file begins with `domain " + path_text(of) + "`");
    const std::string name = path.parts.back().text;
    if (const auto domain = closest(path_text(of), context.declarations.domain_names()))
      report.fix(Applicability::likely, "use `" + *domain + "`", {{span, *domain}});
    else
      report.note("another domain is read where its files are in the project: `use " + path_text(path) +
                  "` above the items, and `" + name + "` here");
    return;
  }
  context.missed_relations.insert({place.domain, first.text});
  auto report = context.reporter.report(diag::UnknownRelation{.name = path_text(missed)});
  report.at(first.span, "nothing of that name has rows");
  if (meant) report.fix(Applicability::likely, "use `" + *meant + "`", {{first.span, *meant}});
}

}  // namespace

Resolved resolve_relation(Context& context, const Place& place, const ast::Relation& relation) {
  const std::vector<ast::Name>& parts = relation.path.parts;
  if (parts.empty()) return {};
  std::vector<const Declaration*> versions;
  std::optional<int64_t> used_version;
  size_t named = 1;  // parts that name the relation; one more is a port
  const Declarations::FoundRelation own = context.declarations.find_relation(place, parts[0].text);
  if (!own.versions.empty()) {
    versions = own.versions;
    used_version = own.used_version;
  } else {
    for (size_t count = parts.size() - 1; count > 0 && versions.empty(); --count) {
      ast::Path prefix = relation.path;
      prefix.parts.resize(count);
      const Domain* domain = context.declarations.find_domain(path_text(prefix));
      if (domain == nullptr) continue;
      const auto found = domain->relations.find(parts[count].text);
      if (found == domain->relations.end()) continue;
      const Declaration& declaration = *found->second.back();
      named = count + 1;
      if (domain == place.domain || declaration.kind() == "product" || declaration.item->is_public) {
        versions = found->second;
        continue;
      }
      if (declaration.kind() == "view") {
        context.reporter.report(diag::ForeignView{.name = parts[count].text})
            .at(relation.path.span, "a view of another domain")
            .also(declaration.name.span, "declared here");
      } else {
        context.reporter.report(diag::NotPublic{.name = parts[count].text, .domain_name = domain->name})
            .at(relation.path.span, "not to be seen from outside its domain")
            .also(declaration.name.span, "declared here without `public`");
      }
      return {};
    }
  }
  if (versions.empty() && own.silent) return {};
  if (versions.empty()) {
    unknown_relation(context, place, relation.path);
    return {};
  }
  Resolved made{versions.back(), std::nullopt};
  const std::optional<int64_t> wanted = relation.version ? std::optional(relation.version->value) : used_version;
  if (wanted) {
    made.declaration = nullptr;
    for (const Declaration* version : versions)
      if (version->version == *wanted) made.declaration = version;
    if (made.declaration == nullptr) {
      auto report = context.reporter.report(diag::UnknownVersion{.name = parts[named - 1].text, .version = *wanted});
      report.at(relation.version ? relation.version->span : relation.span, "not declared")
          .also(versions.back()->name.span, "declared here");
      if (relation.version)
        report.fix(Applicability::likely, "use the newest version",
                   {{relation.version->span, std::to_string(versions.back()->version)}});
      return {};
    }
  }
  if (parts.size() > named) made.port = parts[named];
  made.purpose = own.purpose;
  return made;
}

std::optional<FieldPath> find_path(Context& context, const Row& row, const ast::Path& path) {
  if (path.parts.empty()) return std::nullopt;
  FieldPath made;
  for (size_t i = 0; i < path.parts.size(); ++i) {
    const ast::Name& part = path.parts[i];
    std::vector<std::string> names;
    int index = -1;
    if (i == 0) {
      index = row.find(part.text);
      for (const RowField& field : row.fields) names.push_back(field.name);
      if (index >= 0) made.type = row.fields[static_cast<size_t>(index)].type;
      made.column = index;
      if (index < 0 && row.open) return std::nullopt;
    } else {
      const Type type = without_optional(made.type);
      if (is_error(type)) return std::nullopt;
      if (!is(type, TypeKind::structure)) {
        context.reporter.report(diag::HasNoFields{.type = type_text(made.type)})
            .at(path.span, "`" + type_text(made.type) + "` holds one value");
        return std::nullopt;
      }
      index = find_field(type->fields, part.text);
      for (const Field& field : type->fields) names.push_back(field.name);
      if (index >= 0) {
        const bool optional = is_optional(made.type);
        made.type = type->fields[static_cast<size_t>(index)].type;
        if (optional) made.type = optional_type(made.type);
        made.below.push_back(index);
      }
    }
    if (index >= 0) continue;
    if (i == 0 && report_lost_name(context, row, part.text, part.span)) return std::nullopt;
    auto report = context.reporter.report(
        diag::UnknownField{.relation = i == 0 ? row.relation : path.parts[i - 1].text, .field = part.text});
    report.at(part.span, "no such field");
    if (i == 0 && !row.relation_span.empty()) report.also(row.relation_span, "its fields are declared here");
    if (const auto meant = closest(part.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{part.span, *meant}});
    return std::nullopt;
  }
  return made;
}

RelationInfo& need_relation(Context& context, const Declaration& declaration, Span from) {
  context.declarations.note(declaration);
  RelationInfo& info = context.relations[static_cast<size_t>(declaration.index)];
  if (info.state == RelationInfo::State::done) return info;
  if (info.state == RelationInfo::State::working) {
    const auto start = std::find(context.working.begin(), context.working.end(), &info);
    std::vector<std::string> path;
    for (auto one = start + 1; one < context.working.end(); ++one) path.push_back((*one)->declaration->name.text);
    if (path.empty()) path.push_back(declaration.name.text);
    auto report = context.reporter.report(diag::CyclicFlow{.name = declaration.name.text, .path = path});
    report.at(declaration.name.span, "needs its own rows");
    if (!info.from_span.empty()) report.also(info.from_span, "reads this");
    if (!from.empty() && from != info.from_span) report.also(from, "which comes back here");
    info.row.open = true;
    return info;
  }
  info.state = RelationInfo::State::working;
  info.row.relation = declaration.name.text;
  info.row.relation_span = declaration.name.span;
  context.working.push_back(&info);
  std::visit(Overloaded{
                 [&](const ast::Source& source) { check_source(context, info, source); },
                 [&](const ast::View& view) { check_flow(context, info, view.clauses, view.flow); },
                 [&](const ast::Product& product) { check_flow(context, info, product.clauses, product.flow); },
                 [](const auto&) {},
             },
             declaration.item->node);
  context.working.pop_back();
  info.state = RelationInfo::State::done;
  return info;
}

}  // namespace braid::checking
