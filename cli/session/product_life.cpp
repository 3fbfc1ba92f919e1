#include "cli/session/product_life.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/base/overloaded.h"

namespace braid::cli {
namespace {

std::string title_of(const typed::Relation& relation) {
  return fmt::format("{} version {}", relation.qualified(), relation.version);
}

/// The drafts of other domains that a relation is made of. What another domain has made of one is for that domain to
/// say.
class DraftSearch {
 public:
  DraftSearch(const typed::Project& project, std::string domain) : project_(project), domain_(std::move(domain)) {}

  void look_at(typed::RelationId id) {
    if (id < 0 || !seen_.insert(id).second) return;
    const typed::Relation& relation = project_.relations[static_cast<size_t>(id)];
    if (relation.eyes_of >= 0) return look_at(relation.eyes_of);
    if (relation.domain != domain_) {
      if (relation.draft) drafts.insert(title_of(relation));
      return;
    }
    for (const typed::Step& step : relation.steps)
      std::visit(Overloaded{[&](const typed::FromStep& from) { look_at(from.relation); },
                            [&](const typed::UnionStep& other) { look_at(other.relation); },
                            [&](const typed::JoinStep& join) { look_at(join.relation); },
                            [&](const typed::TableJoinStep& join) { look_at(join.relation); }, [](const auto&) {}},
                 step.content);
  }

  std::set<std::string> drafts;

 private:
  const typed::Project& project_;
  const std::string domain_;
  std::set<typed::RelationId> seen_;
};

}  // namespace

std::vector<StandsOn> stands_on_drafts(const typed::Project& project) {
  std::vector<StandsOn> found;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    const typed::Relation& relation = project.relations[id];
    if (relation.kind != typed::RelationKind::product || relation.draft || relation.output_of >= 0) continue;
    DraftSearch search(project, relation.domain);
    search.look_at(static_cast<typed::RelationId>(id));
    for (const std::string& draft : search.drafts) found.push_back({title_of(relation), draft, relation.span});
  }
  return found;
}

std::vector<ProductEnd> ends_of(const typed::Project& project, const std::vector<typed::RelationId>& products) {
  std::vector<ProductEnd> ends;
  for (const typed::RelationId id : products) {
    const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
    if (!relation.deprecated) continue;
    if (const std::optional<int64_t> end = typed::end_of(*relation.deprecated))
      ends.push_back({title_of(relation), relation.deprecated->until, *end, relation.span});
  }
  return ends;
}

std::vector<ProductEnd> leave_out_ended(const typed::Project& project, std::vector<typed::RelationId>& products,
                                        int64_t now_us) {
  std::vector<ProductEnd> ended;
  std::erase_if(products, [&](typed::RelationId id) {
    std::vector<ProductEnd> one = ends_of(project, {id});
    if (one.empty() || one.front().at_us > now_us) return false;
    ended.push_back(std::move(one.front()));
    return true;
  });
  return ended;
}

}  // namespace braid::cli
