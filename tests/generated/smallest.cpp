// Makes a failing case smaller, one cut after another, as long as it fails in the same way: of the script what can go,
// then records, then ways to run it.
#include <algorithm>
#include <set>

#include "tests/generated/generated_case.h"
#include "tests/generated/isolated.h"

namespace braid::generated {
namespace {

using namespace scenarios;

constexpr int kMostTries = 1500;
constexpr int kSecondsOfOne = 60;

/// Records as they stand in turns: positions and lines follow from them.
RecordedInput renumbered(RecordedInput input) {
  std::map<std::pair<std::string, uint32_t>, std::pair<int64_t, int64_t>> reached;  // position and line
  for (auto* turns : {&input.tables, &input.turns})
    for (RecordedTurn& turn : *turns) {
      auto& [position, line] = reached.try_emplace({turn.source, turn.partition}, 0, 1).first->second;
      turn.position = position;
      turn.line = line;
      auto& records = input.values.sources.at(turn.source)[turn.partition].records;
      for (size_t at = 0; at < turn.bytes.size(); at = turn.bytes.find('\n', at) + 1) {
        reference::InputRecord& record = records[static_cast<size_t>(line - 1)];
        record.position = position + static_cast<int64_t>(at);
        record.line = line++;
      }
      position += static_cast<int64_t>(turn.bytes.size());
    }
  return input;
}

/// Without some records of a partition.
RecordedInput without(RecordedInput input, const std::string& source, uint32_t partition, size_t first, size_t count) {
  size_t number = 0;
  for (auto* turns : {&input.tables, &input.turns})
    for (RecordedTurn& turn : *turns) {
      if (turn.source != source || turn.partition != partition) continue;
      std::string kept;
      for (size_t at = 0; at < turn.bytes.size(); ++number) {
        const size_t end = turn.bytes.find('\n', at) + 1;
        if (number < first || number >= first + count) kept += turn.bytes.substr(at, end - at);
        at = end;
      }
      turn.bytes = kept;
    }
  auto& records = input.values.sources.at(source)[partition].records;
  const auto begin = records.begin() + static_cast<std::ptrdiff_t>(first);
  records.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(count, records.size() - first)));
  return renumbered(std::move(input));
}

/// The declarations of a case, of which fields may have gone since its records were made.
std::map<std::string, std::vector<std::string>> fields_of(const Case& each) {
  std::map<std::string, std::vector<std::string>> fields;
  const Script script(render(each.script.tree));
  if (script.faults().empty())
    for (const typed::Relation& relation : script.project().relations)
      if (relation.source)
        for (const Field& field : relation.row) fields[relation.qualified()].push_back(field.name);
  return fields;
}

/// Tables that are read whole before all else: their records are recorded so.
std::set<std::string> read_first(const Script& script) {
  std::set<std::string> names;
  for (const typed::Relation& relation : script.project().relations)
    if (relation.source && relation.kind == typed::RelationKind::table && !relation.has_time && !relation.followed)
      names.insert(relation.qualified());
  return names;
}

/// Records keep the values of the fields that are still declared; their bytes stay.
void drop_fields(Case& smaller, const Case& before) {
  std::vector<reference::InputPartition> none;
  const auto kept = fields_of(smaller), all = fields_of(before);
  for (const auto& [source, fields] : all) {
    const auto left = kept.find(source);
    if (left == kept.end() || left->second == fields) continue;
    for (RecordedInput* input : {&smaller.input, &smaller.other, smaller.permuted ? &*smaller.permuted : nullptr})
      for (reference::InputPartition& partition : input == nullptr ? none : input->values.sources.at(source))
        for (reference::InputRecord& record : partition.records) {
          std::vector<reference::InputField> values;
          for (size_t i = 0; i < fields.size(); ++i)
            if (std::find(left->second.begin(), left->second.end(), fields[i]) != left->second.end())
              values.push_back(record.fields[i]);
          record.fields = std::move(values);
        }
  }
}

class Smaller {
 public:
  Smaller(Case begin, std::string kind) : best_(std::move(begin)), kind_(std::move(kind)) {}

  Case find() {
    if (best_.permuted) {
      Case candidate = best_;
      candidate.permuted.reset();
      take(std::move(candidate));
    }
    fewer_variations();
    // What went makes room for more to go.
    for (int tries = 0; tries < tries_ || tries == 0;) {
      tries = tries_;
      const size_t before = shown(best_).size();
      smaller_script();
      fewer_records();
      if (shown(best_).size() == before || tries_ >= kMostTries) break;
    }
    return best_;
  }

 private:
  bool take(Case candidate) {
    if (tries_ >= kMostTries) return false;
    ++tries_;
    const std::string kind = isolated([&] { return judge(candidate, false).kind(); }, kSecondsOfOne);
    if (kind != kind_) return false;
    best_ = std::move(candidate);
    return true;
  }

  void fewer_variations() {
    for (std::vector<Variation> Case::* list : {&Case::of_turns, &Case::of_job})
      for (size_t i = (best_.*list).size(); i-- > 1;) {
        Case candidate = best_;
        (candidate.*list).erase((candidate.*list).begin() + static_cast<std::ptrdiff_t>(i));
        take(std::move(candidate));
      }
  }

  void smaller_script() {
    const std::set<std::string> first = read_first(Script(render(best_.script.tree)));
    for (bool went = true; went && tries_ < kMostTries;) {
      went = false;
      for (const Cut& how : cuts_of(best_.script.tree)) {
        Case candidate = best_;
        candidate.script.tree = cut(best_.script.tree, how);
        // Most of what cannot be is seen by the checker, which is cheap.
        const Script script(render(candidate.script.tree));
        if (!script.faults().empty()) continue;
        const std::set<std::string> now = read_first(script);
        if (!std::includes(first.begin(), first.end(), now.begin(), now.end())) continue;
        drop_fields(candidate, best_);
        if (!take(std::move(candidate))) continue;
        went = true;
        break;
      }
    }
  }

  void fewer_records() {
    if (best_.permuted) return;  // which record it is stands only in one of them
    for (const auto& [source, partitions] : RecordedInput(best_.input).values.sources)
      for (uint32_t partition = 0; partition < partitions.size(); ++partition)
        for (size_t count = partitions[partition].records.size(); count > 0; count /= 2)
          for (size_t first = 0; first < best_.input.values.sources.at(source)[partition].records.size();) {
            Case candidate = best_;
            candidate.input = without(best_.input, source, partition, first, count);
            candidate.other = without(best_.other, source, partition, first, count);
            if (!take(std::move(candidate))) first += count;
          }
  }

  Case best_;
  std::string kind_;
  int tries_ = 0;
};

}  // namespace

Case smallest(const Case& each, const std::string& kind) {
  return Smaller(each, kind).find();
}

}  // namespace braid::generated
