// A table joined with a table. A row that comes or goes on one side meets the rows that the other side has now: pairs
// come or go with it. Of an outer join, a row of a kept side that meets none goes on alone, and its pair with nothing
// goes and comes as matches of it do; of a semi or anti join, a left row goes on alone while it has a match, or none.
// So each row of such a side has the number of its matches with it.
//
// A condition that fails for a pair is no answer. Of an inner, left, right or full join the pair is made as if it had
// held; of a semi or anti join a left row that has such a pair goes on with the right row of one of them, so that the
// step behind, which asks again, rejects the row for that. It does not go on alone until the last of them has gone.
//
// The changes of a turn wait for its end, then those of the right side come first, each side in its order: so what is
// met does not depend on the rounds in which they came. Rows of one side that are alike count as one with a number.
// Null keys meet nothing.
//
// State: the rows of both sides, by the key of the join. Stored as point rows: key, then side u8 and a hash of the row
// of 128 bits; how many failures a row has follows it if there are any. A commit writes the rows that have changed. The
// unit of eviction is a key. One thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/operators/operator.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/state/row_list.h"
#include "runtime/state/stored_rows.h"
#include "runtime/state/wire.h"

namespace braid {

class TableJoinNode : public OperatorNode {
 public:
  explicit TableJoinNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override { frozen_.take(batch); }
  void committed() override { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

  /// How a row is stored: what its key ends with, and its value.
  static void append_hash(std::string& key, std::string_view row);
  static void append_value(WireWriter& out, int64_t count, int64_t matches, std::string_view row, int64_t failures);

 private:
  /// Of a row's bytes.
  struct RowHash {
    uint64_t high, low;
    auto operator<=>(const RowHash&) const = default;
  };
  /// Its bytes lie behind it, in the pool.
  struct Kept {
    RowHash hash;
    int64_t count = 0;    ///< of rows that are alike; 0: it is gone, and only its erasure is to be copied
    int64_t matches = 0;  ///< rows of the other side, where they are counted
    /// Of a semi or anti join, a left row's: rows for which the condition fails.
    int64_t failures = 0;
    uint32_t size = 0;
    bool stored = false;
    ChangedIn changed = ChangedIn::none;

    Bytes row() const { return {reinterpret_cast<const char*>(this + 1), size}; }
    Bytes memory() const { return {reinterpret_cast<const char*>(this), sizeof(Kept) + size}; }
  };
  struct Sides {
    RowList<Kept> rows[2];  ///< by their hashes: an order that a restart keeps
    /// The epoch in which the side was noted among what has changed.
    ChangedIn noted[2] = {ChangedIn::none, ChangedIn::none};
  };
  using Entry = KeyTable<Sides>::Entry;
  struct Place {
    Entry* entry;
    uint64_t hash;  ///< of the entry, which may be another key's by now
    int side;
  };
  /// A row of this turn; its bytes are the turn's.
  struct Change {
    int64_t order;  ///< among the changes of both sides
    uint64_t hash;
    Bytes key;  ///< no data: it meets nothing
    Bytes row;
    int64_t time;
    bool goes;
  };
  struct Pair {
    const Change* cause;
    bool goes;
    Bytes left, right;  ///< no data of one: the other is alone
    int64_t count;
  };
  enum class Asked : uint8_t { holds_not, holds, fails };
  /// What the condition says, for each row of the other side that changes [first, end) may meet, in that order.
  void test(int side, size_t first, size_t end);
  void test_block(const std::vector<std::pair<Bytes, Bytes>>& pairs);
  void meet(int side, const Change& change);
  /// Of a left row of a semi or anti join.
  bool goes_on(int64_t matches, int64_t failures) const {
    return failures == 0 && (content_.yield == JoinYield::semi) == (matches > 0);
  }
  void count_match(Entry& entry, Kept& left, const Change& cause, Bytes row, bool fails);
  /// A row that stands without a partner comes or goes.
  void alone(const Change& cause, bool goes, int side, Bytes row, int64_t count);
  bool counted(int side) const {
    return side == 0 ? content_.left || content_.yield != JoinYield::matches : content_.right;
  }
  bool stands_alone(int side) const {
    return side == 0 ? content_.left && content_.yield != JoinYield::semi : content_.right;
  }
  void change(Entry& entry, int side, Kept& kept);
  Kept& kept_row(Entry& entry, int side, Bytes bytes);
  /// In the pool, with a copy of the bytes.
  Kept* make_kept(const RowHash& hash, std::string_view row);
  void copy(Entry& entry, int side, Kept& kept);
  void copy_side(Entry& entry, int side);
  /// Asks for the memory that the changes behind `next` will need.
  void prefetch(int side, size_t next) const;
  void forget_gone(Entry& entry);
  void put_out(std::vector<Block>& out);
  Status warm(const KeyBlock& keys, uint32_t rows);
  Status load(uint64_t hash, std::string_view key);
  Status read(std::span<const UnreadRanges::Run> runs);
  struct Stored {
    std::string_view key;
    int side;
    int64_t count, matches, failures;
    std::string_view row;
  };
  static RowHash hash_of(std::string_view row);
  static void append(std::string& key, const RowHash& hash);
  Result<Stored> parse(std::string_view key, std::string_view value) const;
  void keep(Entry& entry, const Stored& stored);
  std::string_view state_key(const Entry& entry, int side, const RowHash& hash);

  const TableJoinOperator& content_;
  KeyFormat keys_of_[2];
  StoredRows rows_of_[2];
  std::vector<Leaf> leaves_;
  uint32_t retracted_columns_[2];
  BlobPool pool_;
  KeyTable<Sides> keys_{pool_};
  ColdTable cold_;
  uint64_t rows_ = 0;             ///< in memory
  uint64_t cold_rows_ = 0;        ///< about
  uint64_t memory_ = UINT64_MAX;  ///< bytes from which on no key comes in that nobody wants
  std::string last_cold_;         ///< the last key that was read and left in the store
  ChangedItems<Place> changed_;
  uint64_t changed_rows_ = 0;  ///< since the last freeze
  FrozenRows frozen_;
  StateBatch erased_;
  Arena turn_;  ///< what the changes, and the blocks that are out, refer to
  std::vector<Change> changes_[2];
  size_t next_[2] = {0, 0};    ///< of these to meet the other side
  size_t tested_[2] = {0, 0};  ///< of these, those before are tested
  std::vector<Asked> asked_;
  size_t next_asked_ = 0;
  std::vector<Leaf> pair_leaves_;  ///< of the row that the condition reads
  std::vector<Pair> pairs_;
  std::string key_bytes_, scratch_;
  WireWriter value_;
};

}  // namespace braid
