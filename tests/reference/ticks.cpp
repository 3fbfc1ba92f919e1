// `from every d`: all multiples of d from the first time that is not late to the last.
#include <map>

#include "tests/reference/run.h"

namespace braid::reference {

Run::Rows Run::ticks(int index, const plan::TickNode& node) {
  std::optional<int64_t> first, last;
  for (const int input : plan_.nodes[static_cast<size_t>(index)].inputs) {
    const auto& source = std::get<plan::SourceNode>(plan_.nodes[static_cast<size_t>(input)].content);
    const typed::Relation& relation = project_.relations[static_cast<size_t>(source.relation)];
    std::map<uint32_t, TimeLine> partitions;
    for (const Row& row : rows_[static_cast<size_t>(input)]) {
      if (!late(row) && (!first || row.time < *first)) first = row.time;
      TimeLine& line =
          partitions.try_emplace(row.cause.partition, relation.within_us, relation.source->ahead_us).first->second;
      line.observe(row.time);
    }
    for (const auto& [partition, line] : partitions)
      if (!last || *line.last() > *last) last = line.last();
  }
  Rows out;
  if (!first) return out;
  int64_t time = *first - *first % node.every_us;
  if (time < *first) time += node.every_us;
  for (; time <= *last; time += node.every_us) {
    Row made;
    made.slots.push_back(slot_i64(time));
    made.time = time;
    made.cause.made = true;
    made.cause.has_origin = false;
    made.cause.position = time;
    made.place = {made_rows(), 0, time};
    outcome_.make(plan_.nodes[static_cast<size_t>(index)].products);
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace braid::reference
