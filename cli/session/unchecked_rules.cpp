#include "cli/session/unchecked_rules.h"

namespace braid::cli {

std::vector<JobStatus::UncheckedRule> unchecked_rules(const typed::Project& project, const Program& program) {
  std::vector<JobStatus::UncheckedRule> found;
  const auto add = [&](const std::string& name, int64_t version) {
    for (const typed::Relation& relation : project.relations)
      if (relation.qualified() == name && relation.version == version)
        for (const typed::UncheckedRule& rule : relation.unchecked)
          found.push_back({.relation = name, .version = version, .rule = rule.rule, .reason = rule.reason});
  };
  for (const ProductSpec& product : program.products) add(product.qualified(), product.version);
  for (const SourceSpec& source : program.sources) add(source.name, source.version);
  return found;
}

}  // namespace braid::cli
