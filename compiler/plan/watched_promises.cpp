#include "compiler/plan/watched_promises.h"

#include <algorithm>
#include <cstdlib>

namespace braid::plan {
namespace {

/// The places of the names of a path, each in the struct before it.
std::vector<int> path_of(const std::vector<std::string>& names, const std::vector<Field>& row) {
  std::vector<int> path;
  const std::vector<Field>* fields = &row;
  for (const std::string& name : names) {
    path.push_back(find_field(*fields, name));
    fields = &without_optional((*fields)[static_cast<size_t>(path.back())].type)->fields;
  }
  return path;
}

/// `promised` and, of a source, `uniques`.
void add_watched(const typed::Relation& relation, const typed::Promises& promised,
                 const std::vector<typed::UniquePromise>& uniques, std::vector<PromiseSpec>& watched) {
  using Rule = PromiseSpec::Rule;
  const auto paths = [&](const std::vector<std::vector<std::string>>& fields) {
    std::vector<std::vector<int>> made;
    for (const std::vector<std::string>& names : fields) made.push_back(path_of(names, relation.row));
    return made;
  };
  if (promised.fresh_us && relation.has_time)
    watched.push_back(
        {.text = typed::fresh_text(*promised.fresh_us), .bound_us = *promised.fresh_us, .rule = Rule::fresh});
  for (const typed::LatencyPromise& latency : promised.latencies)
    if (relation.has_time)
      watched.push_back({.text = typed::text_of(latency),
                         .bound_us = latency.below_us,
                         .rule = Rule::latency,
                         .share = typed::share_of(latency.quantile).value_or(1)});
  for (const typed::CompletePromise& complete : promised.completes)
    if (!relation.source || (!complete.fields.empty() && relation.kind != typed::RelationKind::table))
      watched.push_back({.text = typed::text_of(complete),
                         .rule = Rule::complete,
                         .share = std::strtod(complete.percent.c_str(), nullptr) / 100,
                         .fields = paths(complete.fields)});
  for (const typed::VolumePromise& volume : promised.volumes)
    if (relation.has_time)
      watched.push_back({.text = typed::text_of(volume),
                         .bound_us = volume.period_us,
                         .rule = Rule::volume,
                         .least = volume.least,
                         .most = volume.most});
  if (promised.state_bytes && !relation.source)
    watched.push_back(
        {.text = typed::state_text(*promised.state_bytes), .rule = Rule::state, .most = *promised.state_bytes});
  if (!relation.source || relation.kind == typed::RelationKind::table) return;
  for (const typed::UniquePromise& unique : uniques)
    watched.push_back({.text = typed::text_of(unique),
                       .bound_us = unique.within_us.value_or(typed::kForever),
                       .rule = Rule::unique,
                       .share = 1,
                       .fields = paths(unique.fields)});
}

}  // namespace

std::vector<PromiseSpec> watched_promises(const typed::Project& project, typed::RelationId id) {
  const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
  if (relation.source && !relation.has_time && relation.kind == typed::RelationKind::table) return {};
  std::vector<PromiseSpec> watched;
  // What another project promises is its own job's to watch, unless somebody here expects it.
  if (!relation.promised_by_others) add_watched(relation, relation.promises, typed::unique_promises(relation), watched);
  const size_t promised = watched.size();
  for (const typed::ExpectedOf& expected : project.expectations) {
    if (expected.relation != id) continue;
    std::vector<PromiseSpec> wanted;
    add_watched(relation, expected.expects.promises, expected.expects.uniques, wanted);
    for (PromiseSpec& one : wanted) {
      one.text = "expect " + one.text;
      const auto same = std::find_if(watched.begin() + static_cast<std::ptrdiff_t>(promised), watched.end(),
                                     [&](const PromiseSpec& other) { return other.text == one.text; });
      std::vector<std::string>& readers =
          (same == watched.end() ? watched.emplace_back(std::move(one)) : *same).readers;
      const auto at = std::lower_bound(readers.begin(), readers.end(), expected.domain);
      if (at == readers.end() || *at != expected.domain) readers.insert(at, expected.domain);
    }
  }
  for (const typed::Domain& domain : project.domains)
    if (domain.name == relation.domain)
      for (PromiseSpec& one : watched) one.owner = domain.owner;
  return watched;
}

std::vector<int> watched_fields(const typed::Project& project, typed::RelationId relation) {
  std::vector<int> fields;
  for (const PromiseSpec& promise : watched_promises(project, relation))
    for (const std::vector<int>& path : promise.fields) fields.push_back(path.front());
  return fields;
}

}  // namespace braid::plan
