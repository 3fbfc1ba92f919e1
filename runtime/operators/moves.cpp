#include "runtime/operators/moves.h"

#include <algorithm>

#include "runtime/operators/output_trace.h"

namespace braid {
namespace {

std::vector<Field> fields_of(const std::vector<Field>& row, const std::vector<int>& columns) {
  std::vector<Field> fields;
  for (const int column : columns) fields.push_back(row[static_cast<size_t>(column)]);
  return fields;
}

std::vector<int> all_of(const std::vector<int>& columns) {
  std::vector<int> all;
  for (size_t i = 0; i < columns.size(); ++i) all.push_back(static_cast<int>(i));
  return all;
}

}  // namespace

MovesNode::MovesNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<MovesOperator>(self_.content)),
      table_key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      columns_(input_row(0), content_.columns, KeyFormat::Nulls::group),
      leaves_(flatten(self_.row)),
      column_leaves_(flatten(fields_of(self_.row, content_.columns))),
      stored_columns_(fields_of(self_.row, content_.columns), all_of(content_.columns), KeyFormat::Nulls::group),
      rows_(fields_of(self_.row, content_.columns)),
      first_column_(leaves_.size() - 2 - column_leaves_.size()),
      versions_(table(0), std::nullopt, services, rows_, pool_) {}

KeyBlock MovesNode::keys_of(const std::vector<Beside>& beside) {
  Block block = allocate_block(column_leaves_, static_cast<uint32_t>(beside.size()), arena());
  block.rows = static_cast<uint32_t>(beside.size());
  for (uint32_t i = 0; i < block.rows; ++i) {
    if (beside[i].columns.data != nullptr) {
      rows_.read(beside[i].columns, block, i, arena());
    } else {
      for (const Column& column : block.columns) write_slot(column, i, slot_i128(0));
    }
  }
  return stored_columns_.encode(block, arena());
}

void MovesNode::take(int, const Block& block, std::vector<Block>& out) {
  const KeyBlock keys = table_key_.encode(block, arena());
  note(versions_.warm(keys, block.rows));
  const KeyBlock columns = columns_.encode(block, arena());
  const Block target = rows_.target(block, first_column_);
  const auto* ends = block.columns[leaves_.size() - 1].as<uint8_t>();
  std::vector<Made> rows;
  std::vector<Beside> beside;
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    Version version;
    version.original = block.time[row];
    version.from = std::max({block.time[row], block.watermark[row], edges[0].finite});
    version.source = record.source;
    version.partition = record.partition;
    version.position = record.position;
    const Versions::Around around = versions_.around(keys.hashes[row], keys.keys[row].view(), version.from);
    const bool loses = around.same && position_of(version) < position_of(*around.same);
    const bool stands = ends[row] == 0 && !loses;
    rows.push_back({row, Move::version, version.from, {nullptr, 0}, !stands});
    if (loses) continue;
    for (const auto* other : {&around.before, &around.same})
      if (*other && (*other)->row.data != nullptr)
        beside.push_back({row, Move::left, version.from, (*other)->row, true});
    if (stands && around.next) beside.push_back({row, Move::leaves, around.next->from, around.next->row, false});
    if (stands) version.row = rows_.store(target, row, pool_);
    versions_.add(keys.hashes[row], keys.keys[row].view(), version);
  }
  taken += block.rows;
  const KeyBlock others = keys_of(beside);
  std::vector<Made> made;
  size_t next = 0;
  for (const Made& own : rows) {
    made.push_back(own);
    for (; next < beside.size() && beside[next].row == own.row; ++next) {
      const Beside& other = beside[next];
      const bool stay =
          !own.ends && other.columns.data != nullptr && others.keys[next].view() == columns.keys[own.row].view();
      if (stay) continue;
      made.push_back({own.row, other.move, other.from, other.ends_other ? other.columns : Bytes{nullptr, 0}, true});
    }
  }
  put_out(block, made, out);
}

void MovesNode::put_out(const Block& block, const std::vector<Made>& made, std::vector<Block>& out) {
  Block input = block;
  input.columns.resize(leaves_.size());  // without keys that are computed, which stand behind them
  for (size_t first = 0; first < made.size(); first += kBlockRows) {
    const size_t count = std::min<size_t>(kBlockRows, made.size() - first);
    std::vector<uint32_t> from;
    for (size_t i = first; i < first + count; ++i) from.push_back(made[i].row);
    if (services_.trace != nullptr) services_.trace->put_out(from);
    Block rows = gather(input, from, leaves_, arena());
    const Block target = rows_.target(rows, first_column_);
    auto* moves = rows.columns[rows.columns.size() - 2].as<int64_t>();
    auto* ends = rows.columns.back().as<uint8_t>();
    for (uint32_t i = 0; i < count; ++i) {
      const Made& row = made[first + i];
      moves[i] = static_cast<int64_t>(row.move);
      ends[i] = row.ends ? 1 : 0;
      rows.watermark[i] = row.from;
      if (row.move != Move::version) rows.time[i] = row.from;
      if (row.columns.data != nullptr) rows_.read(row.columns, target, i, arena());
    }
    out.push_back(std::move(rows));
  }
}

void MovesNode::finish_release(std::vector<Block>&) {
  versions_.forget_before(edges[0].finite, edges[0].finite);
}

StateSize MovesNode::state_size() const {
  StateSize size = versions_.size();
  size.bytes += pool_.bytes_used();
  return size;
}

}  // namespace braid
