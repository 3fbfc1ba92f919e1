// Further `to` clauses of a product: each is a product of its own that has the rows of the first one, with the eyes of
// the reader that it names. It is written and nothing else, so all that is known of products holds for it: how a row is
// encoded, when it is committed, what a table's changes come to.
#include <algorithm>
#include <string>
#include <utility>

#include "compiler/access/read_plan.h"
#include "compiler/check/context.h"
#include "compiler/check/foreign_reads.h"

namespace braid::checking {
namespace {

/// "payment_for_role_crm": a name that formats, files and braid.toml can have, and that nothing else of the domain has.
std::string output_name(const Context& context, const Declaration& product, const typed::Principal& reader) {
  std::string plain = product.name.text + "_for_" + typed::principal_text(reader);
  for (char& c : plain)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '_';
  const auto taken = [&](const std::string& name) {
    return product.domain->relations.contains(name) ||
           std::ranges::any_of(context.project.relations, [&](const typed::Relation& each) {
             return each.output_of >= 0 && each.domain == product.domain->name && each.name == name &&
                    each.version == product.version;
           });
  };
  std::string name = plain;
  for (int n = 2; taken(name); ++n) name = plain + "_" + std::to_string(n);
  return name;
}

}  // namespace

void add_outputs(Context& context, const RelationInfo& info, const std::vector<ast::Clause>& clauses) {
  if (info.id < 0 || info.row.open) return;
  bool first = true;
  for (const ast::Clause& clause : clauses) {
    const auto* to = std::get_if<ast::ToConnector>(&clause.node);
    if (to == nullptr || std::exchange(first, false)) continue;
    // One that nobody is named for is stated twice, which is reported.
    if (!to->reader) continue;
    const typed::Relation& product = context.project.relations[static_cast<size_t>(info.id)];
    typed::Relation made{};
    made.kind = typed::RelationKind::product;
    made.domain = product.domain;
    made.name = output_name(context, *info.declaration, principal_of(*to->reader));
    made.version = product.version;
    made.row = product.row;
    made.field_labels = product.field_labels;
    made.key = product.key;
    made.has_time = product.has_time;
    made.time_field = product.time_field;
    made.changes = product.changes;  // also of versions: whoever reads the product reads changes
    made.access = product.access;
    made.hides_records = product.hides_records;
    made.compatible = product.compatible;
    made.draft = product.draft;
    made.deprecated = product.deprecated;
    made.span = product.span;
    made.output_of = info.id;
    made.steps.push_back(
        {.content = typed::FromStep{info.id}, .row = made.row, .span = clause.span, .text = "from " + product.name});
    check_output(context, info, clause, made);
    check_outlet(context, info, *to, made);
    context.project.relations.push_back(std::move(made));
  }
}

}  // namespace braid::checking
