// What a decoder has made of a turn as text, and where a test's seed comes from: for tests that compare native decoders
// with tables.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/codegen/leaf_text_test.h"
#include "runtime/codec/decoder.h"

namespace braid::codegen {

/// All that a decoder has found, one line a record or row.
inline std::vector<std::string> lines_of(const DecodePlan& plan, const DecodedTurn& turn) {
  std::vector<std::string> lines;
  for (const Record& record : turn.records)
    lines.push_back(std::to_string(record.position) + " line " + std::to_string(record.line) + " ordinal " +
                    std::to_string(record.ordinal) + " " + std::string(record.bytes.view()));
  for (const RejectedRecord& each : turn.rejected)
    lines.push_back("rejected " + std::to_string(each.record) + " E" + std::to_string(each.diagnostic.code) + " " +
                    each.diagnostic.message);
  const std::vector<Leaf> leaves = flatten(decoded_row(plan));
  for (const Block& block : turn.blocks) {
    if (block.rows == 0) lines.push_back("an empty block");
    for (uint32_t row = 0; row < block.rows; ++row) {
      std::string line = "row of " + std::to_string(block.record[row]) + " at " + std::to_string(block.time[row]) +
                         (block.records == turn.records.data() ? ":" : " of other records:");
      for (size_t leaf = 0; leaf < leaves.size(); ++leaf)
        line += " " + leaf_text(leaves[leaf], read_slot(block.columns[leaf], row));
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

inline uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace braid::codegen
