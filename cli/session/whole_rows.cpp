#include "cli/session/whole_rows.h"

#include <algorithm>

#include "runtime/base/fs.h"

namespace braid::cli {
namespace {

/// A name that formats and files can have, and that nothing else of the domain has.
std::string output_name(const typed::Project& project, const typed::Relation& product) {
  const std::string plain = product.name + "_for_readers";
  std::string name = plain;
  const auto taken = [&](const typed::Relation& each) { return each.domain == product.domain && each.name == name; };
  for (int n = 2; std::ranges::any_of(project.relations, taken); ++n) name = fmt::format("{}_{}", plain, n);
  return name;
}

}  // namespace

bool is_whole_output(const typed::Relation& relation) {
  // A further `to` has that.
  return relation.output_of >= 0 && !relation.to && relation.outlet.empty();
}

std::string whole_output_path(const std::string& store, const std::string& qualified, int64_t version) {
  return join_path(join_path(store, "served"), fmt::format("{}.v{}.ndjson", qualified, version));
}

void add_whole_outputs(typed::Project& project, const Environment& environment, bool all) {
  const size_t count = project.relations.size();
  for (size_t id = 0; id < count; ++id) {
    const typed::Relation& product = project.relations[id];
    if (product.kind != typed::RelationKind::product || product.output_of >= 0 || product.outlet.empty()) continue;
    if (!all && !environment.serve.contains(product.qualified())) continue;
    typed::Relation made{};
    made.kind = typed::RelationKind::product;
    made.domain = product.domain;
    made.name = output_name(project, product);
    made.version = product.version;
    made.row = product.row;
    made.field_labels = product.field_labels;
    made.key = product.key;
    made.has_time = product.has_time;
    made.time_field = product.time_field;
    made.changes = product.changes;
    made.hides_records = product.hides_records;
    made.draft = product.draft;
    made.deprecated = product.deprecated;
    made.span = product.span;
    made.output_of = static_cast<typed::RelationId>(id);
    made.steps.push_back({.content = typed::FromStep{static_cast<typed::RelationId>(id)},
                          .row = made.row,
                          .span = product.span,
                          .text = "from " + product.name});
    project.relations.push_back(std::move(made));
  }
}

}  // namespace braid::cli
