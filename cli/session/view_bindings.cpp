#include "cli/session/view_bindings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "cli/session/whole_rows.h"
#include "runtime/declare/path_template.h"
#include "runtime/report/suggest.h"
#include "runtime/report/view_findings.h"

namespace braid::cli {
namespace {

const typed::Relation* product_of(const typed::Project& project, const std::string& name,
                                  std::optional<int64_t> version) {
  for (const typed::Relation& relation : project.relations)
    if (relation.kind == typed::RelationKind::product && relation.output_of < 0 && relation.qualified() == name &&
        (!version || relation.version == *version))
      return &relation;
  return nullptr;
}

std::string text_of(const std::vector<Field>& row, const std::vector<int>& path) {
  std::string text;
  const std::vector<Field>* fields = &row;
  for (const int place : path) {
    const Field& field = fields->at(static_cast<size_t>(place));
    text += (text.empty() ? "" : ".") + field.name;
    if (const Type& type = without_optional(field.type); is(type, TypeKind::structure)) fields = &type->fields;
  }
  return text;
}

bool can_be_indexed(const Type& type) {
  const Type& plain = without_optional(type);
  return is_ordered(plain) || is(plain, TypeKind::boolean) || is(plain, TypeKind::uuid) ||
         is(plain, TypeKind::enumeration);
}

/// The field that has the event time: that of the product, or the end of its window.
void set_time(const std::vector<Field>& row, int time_field, ViewSpec& spec) {
  if (time_field >= 0 && time_field < static_cast<int>(row.size())) {
    spec.time = {time_field};
    return;
  }
  spec.time = path_in_row(row, "window.end");
  if (!spec.time.empty() && !is(without_optional(type_at(row, spec.time)), TypeKind::timestamp)) spec.time = {};
  if (!spec.time.empty()) spec.time_offset_us = 1;  // the last instant of the window
}

/// The place of the product's rows as they are, if it has such an output; else its own.
int place_of_rows(const Program& program, const typed::Project& project, const typed::Relation& product, size_t own) {
  for (const typed::Relation& relation : project.relations) {
    if (!is_whole_output(relation) || &project.relations[static_cast<size_t>(relation.output_of)] != &product) continue;
    for (size_t i = 0; i < program.products.size(); ++i)
      if (program.products[i].qualified() == relation.qualified() && program.products[i].version == relation.version)
        return static_cast<int>(i);
  }
  return static_cast<int>(own);
}

void sort_by_product(BoundViews& views) {
  std::vector<size_t> order(views.specs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t place) { return views.specs[place].product; });
  BoundViews sorted;
  for (const size_t place : order) {
    sorted.specs.push_back(std::move(views.specs[place]));
    sorted.products.push_back(std::move(views.products[place]));
    sorted.relations.push_back(views.relations[place]);
  }
  views = std::move(sorted);
}

void report_unknown(const typed::Project& project, const Environment& environment, const ForeignProducts* foreign,
                    Reporter& reporter) {
  const auto is_foreign = [&](const std::string& name) {
    return foreign != nullptr && std::ranges::any_of(project.relations, [&](const typed::Relation& each) {
             return each.source && each.qualified() == name && foreign->find(name, each.version) != nullptr;
           });
  };
  for (const auto& [name, config] : environment.serve) {
    if (product_of(project, name, std::nullopt) != nullptr || is_foreign(name)) continue;
    std::vector<std::string> names;
    for (const typed::Relation& relation : project.relations)
      if (relation.kind == typed::RelationKind::product && relation.output_of < 0)
        names.push_back(relation.qualified());
    auto finding =
        reporter.report(diag::ServedProductUnknown{.section = "[env." + environment.name + ".serve]", .product = name});
    finding.at(config.span);
    if (const auto near = closest(name, names)) finding.note("did you mean `" + *near + "`?");
  }
}

/// For how long its changes can be followed.
void set_changes(const ServeConfig& config, ViewSpec& spec) {
  if (config.changes_us > 0) spec.changes_us = config.changes_us;
  spec.changes_bytes = static_cast<uint64_t>(config.changes_bytes);
}

/// What the environment asks of a view.
void set_view(const ServeConfig& config, const std::string& product, bool has_time, ViewSpec& spec,
              serve::ApiProduct& served, Reporter& reporter) {
  for (const std::string& field : config.indexes) {
    const std::vector<int> path = path_in_row(served.row, field);
    const std::string reason = path.empty() ? "its rows have no such field"
                               : !can_be_indexed(type_at(served.row, path))
                                   ? fmt::format("it is a {}", to_string(type_at(served.row, path)))
                               : spec.indexes.size() == ViewLayout::kMostIndexes - 1 ? "there are too many"
                                                                                     : "";
    if (!reason.empty()) {
      reporter.report(diag::ServedIndexWrong{.product = product, .field = field, .reason = reason}).at(config.span);
      continue;
    }
    spec.indexes.push_back(path);
    served.indexes.push_back(field);
  }
  if (config.keep_us && !has_time) reporter.report(diag::ServedKeepWithoutTime{.product = product}).at(config.span);
  spec.keep_us = served.keep_us = config.keep_us;
}

}  // namespace

BoundViews bind_views(const Program& program, const typed::Project& project, const Environment& environment, bool all,
                      Reporter& reporter, const ForeignProducts* foreign) {
  BoundViews made;
  report_unknown(project, environment, foreign, reporter);
  for (size_t i = 0; i < program.products.size(); ++i) {
    const ProductSpec& product = program.products[i];
    const typed::Relation* relation = product_of(project, product.qualified(), product.version);
    const auto config = environment.serve.find(product.qualified());
    if (relation == nullptr || (config == environment.serve.end() && !all)) continue;
    ViewSpec spec{.product = place_of_rows(program, project, *relation, i)};
    spec.whole = spec.product != static_cast<int>(i);
    serve::ApiProduct served{.domain = product.domain,
                             .name = product.name,
                             .version = product.version,
                             .doc = relation->documentation,
                             .row = product.row,
                             .keyed = product.changes};
    for (const typed::Domain& domain : project.domains)
      if (domain.name == product.domain) served.owner = domain.owner;
    for (const std::vector<int>& path : product.key) served.key.push_back(text_of(product.row, path));
    set_time(relation->row, relation->time_field, spec);
    set_changes(config == environment.serve.end() ? ServeConfig() : config->second, spec);
    if (config != environment.serve.end()) {
      set_view(config->second, served.qualified(), relation->has_time, spec, served, reporter);
    }
    made.specs.push_back(std::move(spec));
    made.products.push_back(std::move(served));
    made.relations.push_back(relation);
  }
  sort_by_product(made);
  return made;
}

ForeignView bind_foreign_view(const mesh::Interface& interface, const ServeConfig& config,
                              const std::set<std::string>& readable, Reporter& reporter) {
  ForeignView made{.product = {.domain = interface.domain, .name = interface.name, .version = interface.version},
                   .has_time = interface.time.has_value()};
  ProductSpec& product = made.product;
  serve::ApiProduct& served = made.served;
  served = {.domain = interface.domain,
            .name = interface.name,
            .version = interface.version,
            .doc = interface.documentation,
            .owner = interface.owner};
  for (const mesh::InterfaceField& field : interface.fields) {
    if (!readable.contains(field.name)) continue;
    product.row.push_back({field.name, field.type});
    served.field_docs.push_back(field.documentation);
  }
  served.row = product.row;
  served.keyed = product.changes = interface.kind != mesh::InterfaceKind::stream;
  for (const std::vector<std::string>& path : interface.key) {
    served.key.push_back(fmt::format("{}", fmt::join(path, ".")));
    product.key.push_back(path_in_row(product.row, served.key.back()));
  }
  const int time = interface.time ? find_field(product.row, interface.time->field) : -1;
  set_time(product.row, time, made.spec);
  set_changes(config, made.spec);
  set_view(config, product.qualified(), made.has_time, made.spec, served, reporter);
  return made;
}

}  // namespace braid::cli
