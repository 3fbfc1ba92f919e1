// Views that are made once more with fields that a reader asks for: one port, and one value by chance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "compiler/check/checked_test.h"

namespace braid {
namespace {

using testing::IsEmpty;

/// Relations that the product reads, and those that these read, which have a port.
std::set<typed::RelationId> with_port(const typed::Project& project, const typed::Relation& relation) {
  std::set<typed::RelationId> found;
  for (const typed::Step& step : relation.steps) {
    typed::RelationId read = -1;
    if (const auto* from = std::get_if<typed::FromStep>(&step.content)) read = from->relation;
    if (const auto* join = std::get_if<typed::JoinStep>(&step.content)) read = join->relation;
    if (const auto* other = std::get_if<typed::UnionStep>(&step.content)) read = other->relation;
    if (read < 0) continue;
    const typed::Relation& inner = project.relations[static_cast<size_t>(read)];
    for (const typed::Step& each : inner.steps)
      if (const auto* where = std::get_if<typed::WhereStep>(&each.content); where != nullptr && !where->port.empty())
        found.insert(read);
    found.merge(with_port(project, inner));
  }
  return found;
}

size_t ports_of(const Checked& checked, std::string_view name) {
  for (const typed::Relation& relation : checked.project.relations)
    if (relation.name == name) return with_port(checked.project, relation).size();
  return 0;
}

/// The numbers behind that call in the text of the project, each once.
std::set<std::string> sites_of(const std::string& text, const std::string& call) {
  std::set<std::string> sites;
  for (size_t at = text.find(call + " "); at != std::string::npos; at = text.find(call + " ", at + 1)) {
    const size_t begin = at + call.size() + 1;
    sites.insert(text.substr(begin, text.find_first_not_of("0123456789", begin) - begin));
  }
  return sites;
}

TEST(MadeOnceMore, AViewWithAPortIsMadeOnce) {
  const Checked checked = check_items(R"(
    view split { from sale where count > 0 else nothing let twice = count * 2 }
    product both {
      from split
      join split as other on other.id == id within 0s..1s
      select { id, came: arrival_time() }
      union plain
    }
    view plain { from split select { id, came: @2026-01-01T00:00Z } }
    product tagged {
      from split
      join split as other on other.id == id within 0s..1s
      select { id, tags: headers(), other: other.twice }
    }
    product one { from split select { id, came: arrival_time() } })");
  EXPECT_THAT(checked.codes, IsEmpty());
  for (const char* product : {"both", "tagged", "one"}) EXPECT_EQ(ports_of(checked, product), 1u) << product;
}

TEST(MadeOnceMore, ChancesAreNumberedByTheirFlow) {
  const std::string views = R"(
    function drawn(factor: float) -> float = random() * factor
    view inner { from sale let first = uuid() }
    view outer { from inner let second = uuid() let low = drawn(0.5e0) let high = drawn(2e0) }
    product plain { from outer }
  )";
  const Checked once = check_items(views);
  const Checked twice = check_items(views + R"(
    product came { from outer select { id, first, second, low, high, came: arrival_time() } })");
  EXPECT_THAT(once.codes, IsEmpty());
  EXPECT_THAT(twice.codes, IsEmpty());
  EXPECT_EQ(sites_of(once.text, "random_uuid").size(), 2u);
  EXPECT_EQ(sites_of(once.text, "random").size(), 2u);
  EXPECT_EQ(sites_of(twice.text, "random_uuid"), sites_of(once.text, "random_uuid"));
  EXPECT_EQ(sites_of(twice.text, "random"), sites_of(once.text, "random"));
}

}  // namespace
}  // namespace braid
