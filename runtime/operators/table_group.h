// `group` without a window: one row a key, as changes. Rows of a stream are added to the state of their group; of
// changes, a row that goes is taken out of it again, and a group without rows has no row.
//
// At the first row of a turn that belongs to a group its results are read, so that the row before is known when the
// turn ends. A result that does not fit its type is rejected, and the group then has no row.
//
// With `retain` rows come in the order of time. A key that has had no row for that long is forgotten, and its row goes:
// before its next row, or when time has passed, whichever is first. The group of a window is forgotten when the window
// has closed, and its row stays.
//
// State: of each key the aggregates, how many rows they are of, the time of the newest, and whether its row stands.
// One thread.
#pragma once

#include "runtime/operators/changes_node.h"
#include "runtime/operators/due_keys.h"
#include "runtime/operators/group_state.h"
#include "runtime/operators/keyed_rows.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class TableGroupNode : public ChangesNode {
 public:
  explicit TableGroupNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override { return rows_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override { rows_.take_frozen(batch); }
  void committed() override { rows_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override { return rows_.restore(store, memory); }
  void read_ahead() override { note(rows_.read_ahead(services_.read_ahead.ranges)); }
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  /// Behind the aggregates.
  struct Standing {
    int64_t time;
    int64_t rows;
    uint32_t touch;      ///< in this turn: its place among the touches, plus one
    uint16_t stands;     ///< its row has come, and has not gone
    uint16_t forgotten;  ///< in this turn
  };
  class Groups : public KeyedRows::Values {
   public:
    explicit Groups(TableGroupNode& node) : node_(node) {}
    uint64_t size() const override {
      return node_.standing_offset_ + sizeof(Standing) + (node_.forgets() ? sizeof(KeyDue) : 0);
    }
    uint64_t alignment() const override { return node_.state_.alignment(); }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    bool load(WireReader& in, char* value) override;
    std::vector<uint32_t> parts(char* value) override;
    bool load_part(uint16_t set, std::string_view bytes, char* value) override;
    int64_t due(const char* value) const override { return node_.dues_->of(value).time; }
    int64_t& stored_at(char* value) override { return node_.dues_->of(value).stored_at; }
    void loaded(RowHandle row, char* value) override {
      if (node_.forgets()) node_.dues_->begin(row, node_.dues_->of(value).time);
    }
    void end(char* value) override {
      node_.state_.end(value, node_.pool_);
      if (node_.forgets()) node_.dues_->end(value);
    }
    void end_with_all(char* value) override { node_.state_.end(value, node_.pool_); }

   private:
    TableGroupNode& node_;
  };
  Standing& standing(char* value) const { return *reinterpret_cast<Standing*>(value + standing_offset_); }
  Standing& standing(RowHandle row) const { return standing(rows_.value(row)); }
  bool retains() const { return content_.retain_us != INT64_MAX; }
  bool forgets() const { return retains() || content_.window_key >= 0; }
  bool has_ended(const Standing& standing, int64_t time) const {
    return standing.rows != 0 && add_time(standing.time, content_.retain_us) <= time;
  }
  void touch_group(RowHandle at, uint64_t sequence, std::vector<uint32_t>& stood);
  /// The group has ended before its next row.
  RowHandle begin_anew(RowHandle at);
  void touch_forgotten() override;
  uint64_t hash_of(RowHandle row) const override { return rows_.hash(row); }
  /// The results of groups that this block touches first, before its rows change them.
  void keep_results(std::span<const uint32_t> touches);
  void fold(const Block& block, std::span<const uint32_t> rows, bool go);
  void emit(std::span<const Touched> touched, std::vector<Block>& out) override;
  void end_turn() override;
  bool equal(const Block& block, uint32_t a, const Block& other, uint32_t b) const;

  const GroupOperator& content_;
  KeyFormat key_;
  GroupState state_;
  StoredRows results_;  ///< the aggregates' columns
  bool has_lists_;
  size_t standing_offset_;
  int retracted_column_ = -1;
  BlobPool pool_;
  Groups values_;
  KeyedRows rows_;
  std::optional<DueKeys> dues_;  ///< where it forgets
  int end_column_ = -1;          ///< of the end of the row's window
  std::vector<RowHandle> due_;
  uint64_t news_bytes_ = 0;  ///< of sets, since the last freeze

  // Of a turn.
  Arena before_arena_;
  std::vector<Block> before_;  ///< results of groups whose rows stood, in their order
  struct Place {
    uint32_t block, row;
  };
  std::vector<Place> before_places_;  ///< of each touch

  // Of a block.
  std::vector<char*> states_;
};

}  // namespace braid
