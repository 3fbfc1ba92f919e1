#include "compiler/plan/watched_promises.h"

#include <fmt/format.h>

#include <cstdlib>

#include "runtime/data/value.h"

namespace braid::plan {
namespace {

std::string length(int64_t us) {
  return to_literal(duration_type(), Value{us});
}

/// As a contract says it, in the largest unit that it is a multiple of.
std::string size(int64_t bytes) {
  static constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB"};
  size_t unit = 0;
  int64_t count = bytes >> 10;
  for (; unit + 1 < std::size(kUnits) && count % 1024 == 0; ++unit) count >>= 10;
  return fmt::format("{}{}", count, kUnits[unit]);
}

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

}  // namespace

std::vector<PromiseSpec> watched_promises(const typed::Relation& product) {
  using Rule = PromiseSpec::Rule;
  const typed::Promises& promised = product.promises;
  std::vector<PromiseSpec> watched;
  if (promised.fresh_us)
    watched.push_back(
        {.text = "fresh within " + length(*promised.fresh_us), .bound_us = *promised.fresh_us, .rule = Rule::fresh});
  for (const typed::LatencyPromise& latency : promised.latencies)
    watched.push_back({.text = typed::text_of(latency),
                       .bound_us = latency.below_us,
                       .rule = Rule::latency,
                       .share = typed::share_of(latency.quantile).value_or(1)});
  for (const typed::CompletePromise& complete : promised.completes) {
    PromiseSpec& made =
        watched.emplace_back(PromiseSpec{.text = typed::text_of(complete),
                                         .rule = Rule::complete,
                                         .share = std::strtod(complete.percent.c_str(), nullptr) / 100});
    for (const std::vector<std::string>& names : complete.fields) made.fields.push_back(path_of(names, product.row));
  }
  for (const typed::VolumePromise& volume : promised.volumes)
    watched.push_back({.text = typed::text_of(volume),
                       .bound_us = volume.period_us,
                       .rule = Rule::volume,
                       .least = volume.least,
                       .most = volume.most});
  if (promised.state_bytes)
    watched.push_back(
        {.text = "state <= " + size(*promised.state_bytes), .rule = Rule::state, .most = *promised.state_bytes});
  return watched;
}

}  // namespace braid::plan
