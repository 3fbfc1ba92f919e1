// Changes that are net already: behind a step that changes each of its keys once in a turn, by rows of which at most
// one goes and one comes for each key of the net. What is left to do is to find these two, and they stand side by side:
// the rows of one key of the step come one behind the other, those that go first, either in the order of their numbers
// if it numbers them. So rows go on as they come, and none waits for the end of the turn but the last key of a block,
// which the next block may continue. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/row_change.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class PairedChanges {
 public:
  /// What the program shows of the changes that come to a NetOperator.
  struct Proof {
    int number = -1;  ///< column of the input that tells the rows of one key of the step apart; −1: it has one row
  };
  /// None: a key may change several times in a turn, or nobody knows.
  static std::optional<Proof> prove(const Program& program, int net);

  /// `rows`: the type of the rows, in front of the mark in the column `retracted`. Outlives it.
  PairedChanges(const Proof& proof, const StoredRows& rows, const std::vector<Field>& input, int fields,
                uint32_t retracted);

  /// Puts out what is certain, as blocks of NetOperator's row type.
  void take(const Block& block, Arena& arena, std::vector<Block>& out);
  bool waiting() const { return !waiting_.empty(); }
  /// No more rows come in this turn.
  void finish(Arena& arena, std::vector<Block>& out);
  /// Behind the turn. What is out stays until the next one begins.
  void end_turn() { begins_turn_ = true; }

 private:
  struct Waiting {
    Bytes row;
    int64_t time;
    Record record;
    bool goes;
  };
  static bool same_key(const Record& a, const Record& b) {
    return a.bytes.data == b.bytes.data ? a.bytes.size == b.bytes.size : a.bytes.view() == b.bytes.view();
  }
  int64_t number(const Block& block, uint32_t row) const {
    return number_ < 0 ? 0 : block.columns[number_].as<int64_t>()[row];
  }
  bool equal(const Block& block, uint32_t a, uint32_t b) const;
  /// The rows [first, end) are all of a key.
  void pair(const Block& block, uint32_t first, uint32_t end);
  void choose(uint32_t row, RowChange change) {
    chosen_.push_back(row);
    changes_.push_back(change);
  }
  void wait(const Block& block, uint32_t first, uint32_t end);
  /// The rows that pair() has chosen of the block.
  void put_out(const Block& block, Arena& arena, std::vector<Block>& out);

  const int number_;
  const StoredRows& rows_;
  std::vector<Leaf> leaves_;  ///< of the rows
  bool has_lists_;
  uint32_t retracted_;
  Arena turn_;  ///< what waits, and what is out of that
  bool begins_turn_ = true;
  std::vector<Waiting> waiting_;  ///< of one key
  std::vector<uint32_t> chosen_;
  std::vector<RowChange> changes_;  ///< of each
  std::vector<uint32_t> alone_;     ///< rows of the key at hand that come where none goes
  mutable std::string scratch_, other_;
};

}  // namespace braid
