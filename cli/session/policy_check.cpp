#include "cli/session/policy_check.h"

#include <algorithm>
#include <optional>

#include "cli/session/mesh_registry.h"
#include "compiler/lineage/flow.h"
#include "mesh/access/policies.h"
#include "runtime/data/time_text.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/registry_findings.h"
#include "stdlib/text_pattern.h"

namespace braid::cli {
namespace {

std::string date_text(int64_t us) {
  std::string text;
  append_date(text, floor_divide(us, kMicrosPerDay));
  return text;
}

std::string duration_text(int64_t us) {
  std::string text;
  append_duration_literal(text, us);
  return text;
}

class PolicyChecker {
 public:
  PolicyChecker(const typed::Project& project, Reporter& reporter) : project_(project), reporter_(reporter) {}

  void check(const mesh::StatedPolicy& stated, typed::RelationId id) {
    const typed::Relation& relation = project_.relations[static_cast<size_t>(id)];
    const mesh::Policy& policy = stated.policy;
    if (std::ranges::find(policy.except, relation.domain) != policy.except.end()) return;
    switch (policy.rule) {
      case mesh::PolicyRule::owner:
        for (const typed::Domain& domain : project_.domains)
          if (domain.name == relation.domain && domain.owner.empty())
            report(stated, relation, "the domain `" + relation.domain + "` names no owner",
                   "`owner \"…\"` below `domain " + relation.domain + "` names one");
        return;
      case mesh::PolicyRule::documentation:
        if (relation.documentation.empty())
          report(stated, relation, "it is not documented", "lines that begin with `///` above it say what it is");
        return;
      case mesh::PolicyRule::mask:
        return masks(stated, id, relation);
      case mesh::PolicyRule::name:
        if (!fits_pattern(relation.name, policy.pattern))
          report(stated, relation, "its name is not as `" + policy.pattern + "` says",
                 "another name; readers of the old one move by a version beside it");
        return;
      case mesh::PolicyRule::keep:
        return keep(stated, relation);
    }
  }

 private:
  void report(const mesh::StatedPolicy& stated, const typed::Relation& relation, std::string problem,
              const std::string& mend) {
    auto finding = reporter_.report(diag::PolicyNotMet{
        .subject = relation.qualified(), .policy = stated.policy.name, .problem = std::move(problem)});
    finding.at(relation.span, "judged by it");
    finding.note(fmt::format("the domain `{}` has stated on {}: {}", stated.domain, date_text(stated.time_us),
                             mesh::requirement_text(stated.policy)));
    if (!stated.policy.says.empty()) finding.note(stated.policy.says);
    finding.note("to mend it: " + mend);
  }

  void keep(const mesh::StatedPolicy& stated, const typed::Relation& relation) {
    const int64_t most = stated.policy.most_us.value_or(0);
    const std::optional<int64_t> kept = relation.promises.keep_us;
    if (kept && *kept <= most) return;
    report(stated, relation,
           kept ? "it keeps its rows for " + duration_text(*kept) : "it does not say how long it keeps its rows",
           "`keep " + duration_text(most) + "` in its `contract`");
  }

  void masks(const mesh::StatedPolicy& stated, typed::RelationId id, const typed::Relation& relation) {
    if (relation.field_labels.empty()) return;
    if (!flows_) flows_ = lineage::flows(project_);
    const std::vector<lineage::Shape>& fields = (*flows_)[static_cast<size_t>(id)].result.fields;
    for (size_t i = 0; i < fields.size() && i < relation.row.size(); ++i) {
      std::vector<int> path{static_cast<int>(i)};
      std::string open;
      find_open(fields[i], relation, stated.policy.label, path, open);
      if (!open.empty())
        report(stated, relation, "`" + open + "` carries #" + stated.policy.label + " and is not masked",
               "`mask " + open + " with hash` in its header, or a `policy` of the domain on the label");
    }
  }

  /// The first part, at the path or below it, that has the label and no mask.
  void find_open(const lineage::Shape& shape, const typed::Relation& relation, const std::string& label,
                 std::vector<int>& path, std::string& open) {
    if (!open.empty()) return;
    const bool masked = std::ranges::any_of(relation.access.masks, [&](const typed::MaskRule& mask) {
      return mask.field.size() <= path.size() && std::equal(mask.field.begin(), mask.field.end(), path.begin());
    });
    if (masked) return;
    const bool carries = std::ranges::any_of(shape.labels, [&](std::string_view one) {
      if (one.starts_with('#')) one.remove_prefix(1);
      return one == label;
    });
    if (carries) {
      open = fmt::format("{}", fmt::join(typed::path_names(relation.row, path), "."));
      return;
    }
    for (size_t i = 0; i < shape.parts.size(); ++i) {
      path.push_back(static_cast<int>(i));
      find_open(shape.parts[i], relation, label, path, open);
      path.pop_back();
    }
  }

  const typed::Project& project_;
  Reporter& reporter_;
  std::optional<std::vector<lineage::RelationFlow>> flows_;
};

}  // namespace

void check_patterns(const std::vector<mesh::Policy>& policies, const std::string& path, Reporter& reporter) {
  for (const mesh::Policy& policy : policies)
    if (policy.rule == mesh::PolicyRule::name)
      if (const std::string fault = text_pattern_fault(policy.pattern); !fault.empty())
        reporter.report(diag::PolicyFileWrong{.path = path, .reason = "[policy." + policy.name + "]: " + fault});
}

void check_policies(const Project& files, const typed::Project& project,
                    const std::function<bool(uint32_t file)>& is_ours, Reporter& reporter) {
  const std::string& place = files.mesh.registry;
  const bool remote = is_remote_registry(place);
  // What is wrong with the setting is for those to say who need a registry.
  if (place.empty() || (!remote && place.find("://") != std::string::npos)) return;
  Reporter apart;
  const std::unique_ptr<mesh::ObjectStore> store = open_product_registry(files, apart, RegistryPatience::brief);
  if (store == nullptr) {
    reporter.report(diag::PoliciesNotAsked{.place = place, .reason = apart.take_sorted().front().message});
    return;
  }
  mesh::PolicyBook book(*store, system_clock());
  const Result<std::vector<mesh::StatedPolicy>> policies = book.all();
  // Without the network a project is checked all the same; what was damaged is an error wherever it lies.
  if (!policies.ok() && remote && policies.error().code != diag::RegistryDamaged::kCode) {
    reporter.report(diag::PoliciesNotAsked{.place = place, .reason = policies.error().message});
    return;
  }
  if (!policies.ok()) return report_error(policies.error(), reporter);
  PolicyChecker checker(project, reporter);
  for (size_t id = 0; id < project.relations.size() && !policies->empty(); ++id) {
    const typed::Relation& relation = project.relations[id];
    const bool for_others = (relation.kind == typed::RelationKind::product && relation.output_of < 0) ||
                            (relation.source && relation.is_public);
    if (!for_others || !is_ours(relation.span.file)) continue;
    for (const mesh::StatedPolicy& stated : *policies) checker.check(stated, static_cast<typed::RelationId>(id));
  }
}

}  // namespace braid::cli
