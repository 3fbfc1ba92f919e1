#include "runtime/engine/given_ports.h"

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"

namespace braid {

GivenPorts::GivenPorts(const Program& program, Arena& arena, const ProductPlaces& places)
    : program_(program), arena_(arena), places_(places) {
  for (size_t op = 0; op < program.operators.size(); ++op) {
    const auto* port = std::get_if<PortOperator>(&program.operators[op].content);
    if (port == nullptr) continue;
    ports_[{port->product, port->port}].push_back(static_cast<int>(op));
    readers_[static_cast<int>(op)].leaves = flatten(program.operators[op].row);
    find_givers(static_cast<int>(op), *port);
  }
}

void GivenPorts::find_givers(int op, const PortOperator& port) {
  for (int giver = 0; giver < op; ++giver) {
    const Operator& step = program_.operators[static_cast<size_t>(giver)];
    if (std::find(step.products.begin(), step.products.end(), port.product) == step.products.end()) continue;
    const bool gives = std::any_of(program_.sites.begin(), program_.sites.end(),
                                   [&](const Site& site) { return site.port == port.port && site.span == step.span; });
    if (gives) readers_.at(op).givers.push_back(giver);
  }
}

EdgeTime GivenPorts::time_of(int op, std::span<const EdgeTime> times, const EdgeTime& otherwise) const {
  const std::vector<int>& givers = readers_.at(op).givers;
  if (givers.empty()) return otherwise;
  EdgeTime time;
  for (const int giver : givers) time = time + times[static_cast<size_t>(giver)];
  return time;
}

void GivenPorts::give(int product, const std::string& port, const Record& cause, int64_t time, int64_t watermark,
                      std::vector<Slot> slots) {
  const auto found = ports_.find({product, port});
  if (found == ports_.end()) return;
  for (const int op : found->second) {
    Reader& reader = readers_.at(op);
    BRAID_CHECK(slots.size() == reader.leaves.size(), "a row of a port that is not as its reader has it");
    reader.rows.push_back({cause, time, watermark, slots});
    ++waiting_;
  }
}

std::vector<Block> GivenPorts::take(int op) {
  Reader& reader = readers_.at(op);
  std::vector<Block> blocks;
  if (reader.rows.empty()) return blocks;
  // Neither blocks nor how steps are fused can show.
  std::stable_sort(reader.rows.begin(), reader.rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.cause.turn, a.cause.ordinal) < std::tie(b.cause.turn, b.cause.ordinal);
  });
  const int product = std::get<PortOperator>(program_.operators[op].content).product;
  for (size_t first = 0; first < reader.rows.size(); first += kBlockRows) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlockRows, reader.rows.size() - first));
    Block block = allocate_block(reader.leaves, count, arena_);
    auto* records = arena_.allocate_array<Record>(count);
    block.rows = count;
    block.records = records;
    for (uint32_t row = 0; row < count; ++row) {
      const Row& given = reader.rows[first + row];
      for (size_t leaf = 0; leaf < given.slots.size(); ++leaf) write_slot(block.columns[leaf], row, given.slots[leaf]);
      records[row] = given.cause;
      places_.hand_on(product, records[row]);
      records[row].settled = 0;
      block.time[row] = given.time;
      block.watermark[row] = given.watermark;
      block.record[row] = row;
    }
    blocks.push_back(std::move(block));
  }
  waiting_ -= reader.rows.size();
  reader.rows.clear();
  return blocks;
}

}  // namespace braid
