// Lineage is sound: where a field of a source is not among what an output field is made of, nor among what decides its
// rows, other values of the one leave the other as it was, by the oracle of tests/reference. Random scripts; the values
// of one field change places among the records, so that they stay of its type.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "mesh/lineage/graph.h"
#include "tests/generated/generated_case.h"

namespace braid::generated {
namespace {

using mesh::Graph;
using mesh::Origin;
using mesh::Until;

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

/// A field of a source whose values change places.
struct Changed {
  typed::RelationId source;
  int field;
};

/// Those that may: not the event time, and nothing that it or the key of static data is made of.
std::vector<Changed> changeable(const typed::Project& project) {
  std::vector<Changed> made;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    const typed::Relation& relation = project.relations[id];
    if (!relation.source) continue;
    for (int field = 0; field < static_cast<int>(relation.row.size()); ++field) {
      if (field == relation.time_field) continue;
      if (!relation.time_path.empty() && relation.time_path.front() == field) continue;
      const bool key = std::any_of(relation.key.begin(), relation.key.end(),
                                   [&](const std::vector<int>& path) { return path.front() == field; });
      if (key && !relation.has_time) continue;
      made.push_back({static_cast<typed::RelationId>(id), field});
    }
  }
  return made;
}

/// Whether any value is another one than before.
bool change(reference::Input& input, const std::string& source, int field, const Type& type, Rng& rng) {
  std::vector<Value*> places;
  for (reference::InputPartition& partition : input.sources[source])
    for (reference::InputRecord& record : partition.records) {
      if (record.broken != 0 || record.fields.empty()) continue;
      reference::InputField& at = record.fields.at(static_cast<size_t>(field));
      if (at.fault == ConversionFault::none) places.push_back(&at.value);
    }
  std::vector<Value> values;
  for (const Value* place : places) values.push_back(*place);
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[rng.below(i)]);
  bool changed = false;
  for (size_t i = 0; i < places.size(); ++i) {
    changed |= to_literal(type, *places[i]) != to_literal(type, values[i]);
    *places[i] = values[i];
  }
  return changed;
}

/// The values of a field in the rows of a product that there are in the end, each as often as it is there.
std::map<std::string, int64_t> column_of(const reference::ProductOutcome& outcome, const Field& field) {
  std::map<std::string, int64_t> made;
  const auto rows = outcome.rows.find("");
  if (rows == outcome.rows.end()) return made;
  for (const reference::OutputRow& row : rows->second) {
    for (size_t i = 0; i < row.fields.size(); ++i)
      if (row.fields[i].name == field.name) ++made[to_literal(field.type, row.values[i])];
  }
  return made;
}

bool holds(const Origin& origin, const Changed& changed) {
  return origin.relation == changed.source && origin.port.empty() && origin.path.front() == changed.field;
}

bool depends(const Graph& graph, typed::RelationId product, const std::string& field, const Changed& changed) {
  auto any = [&](const auto& origins) {
    return std::any_of(origins.begin(), origins.end(), [&](const auto& each) { return holds(each.first, changed); });
  };
  if (any(graph.composed_rows({product, ""}, Until::sources))) return true;
  for (const Origin& leaf : graph.find(product, field)) {
    const mesh::Composed from = graph.composed(leaf, Until::sources);
    if (any(from.values) || any(from.conditions)) return true;
  }
  return false;
}

/// Without records that hold something that is not of its field's type: they are rejected by whoever reads that field.
reference::Input readable(reference::Input input) {
  for (auto& [source, partitions] : input.sources)
    for (reference::InputPartition& partition : partitions)
      std::erase_if(partition.records, [](const reference::InputRecord& record) {
        return std::any_of(record.fields.begin(), record.fields.end(),
                           [](const reference::InputField& field) { return field.fault != ConversionFault::none; });
      });
  return input;
}

struct Tally {
  int64_t scripts = 0, independent = 0, dependent = 0, moved = 0;
};

void judge_seed(uint64_t seed, Tally& tally) {
  const Case made = make_case(seed);
  const scenarios::Script script(render(made.script.tree));
  if (!script.faults().empty()) return;
  const typed::Project& project = script.project();
  const std::vector<Changed> fields = changeable(project);
  if (fields.empty()) return;
  ++tally.scripts;
  Rng rng(hash_mix(seed, 77));
  const Graph graph(project);
  const driver::Compiled compiled = script.compile(false);
  const reference::Input original = readable(made.input.values);
  const auto before = reference::evaluate(compiled.checked, project, original);
  for (int round = 0; round < 4; ++round) {
    const Changed changed = fields[rng.below(fields.size())];
    const typed::Relation& source = project.relations[static_cast<size_t>(changed.source)];
    reference::Input input = original;
    if (!change(input, source.qualified(), changed.field, source.row[static_cast<size_t>(changed.field)].type, rng))
      continue;
    const auto after = reference::evaluate(compiled.checked, project, input);
    for (size_t i = 0; i < before.size(); ++i) {
      const typed::RelationId product = compiled.checked.products[i];
      for (const Field& field : project.relations[static_cast<size_t>(product)].row) {
        const bool same = column_of(before[i], field) == column_of(after[i], field);
        if (depends(graph, product, field.name, changed)) {
          ++tally.dependent;
          tally.moved += !same;
          continue;
        }
        ++tally.independent;
        EXPECT_TRUE(same) << "seed " << seed << ": other values of " << source.qualified() << "."
                          << source.row[static_cast<size_t>(changed.field)].name << " change " << before[i].name << "."
                          << field.name << "\n"
                          << (std::getenv("BRAID_SHOW") != nullptr ? render(made.script.tree) : "");
      }
    }
  }
}

TEST(Lineage, WhatIsNotInItChangesNothing) {
  const auto first = static_cast<uint64_t>(number_from_environment("BRAID_SEED", 3'000'000));
  const int64_t cases = number_from_environment("BRAID_CASES", 150);
  Tally tally;
  for (int64_t i = 0; i < cases && !HasFailure(); ++i) judge_seed(first + static_cast<uint64_t>(i), tally);
  std::cout << tally.scripts << " scripts, " << tally.independent << " fields that do not depend on the one changed, "
            << tally.dependent << " that may, of which " << tally.moved << " changed" << std::endl;
  // Lineage that names every field would be sound, too.
  if (cases >= 100) {
    EXPECT_GT(tally.independent, tally.dependent / 4);
    EXPECT_GT(tally.moved, 0);
  }
}

/// Alerts that a check decides (7012145, 7024583, 20009027, 20011059), and a running sum that fails among the rows of
/// its key (7023883).
TEST(Lineage, SeedsThatHaveDiffered) {
  if (std::getenv("BRAID_SEED") != nullptr) GTEST_SKIP() << "one seed is asked for";
  Tally tally;
  for (const uint64_t seed : {7012145, 7023883, 7024583, 20009027, 20011059}) judge_seed(seed, tally);
  EXPECT_EQ(tally.scripts, 5);
}

}  // namespace
}  // namespace braid::generated
