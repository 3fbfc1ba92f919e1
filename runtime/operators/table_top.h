// `top` without a window: the first rows of each key, as changes. Of a stream only those are kept, since no row goes;
// of a table all rows are, so that one can take the place of another that goes. At the first row of a turn that changes
// a key its first rows are noted; at the end of the turn those that have gone from among them go, and those that are
// new come. Numbered, a row that another place has is another row.
//
// Keys are forgotten as those of a group are (table_group.h).
//
// State: of each key its rows in their order, and the time of the newest. In the store a few rows that have changed lie
// beside the time, all of them: that is one row of the store to write and to read. Many lie in parts: what each commit
// has changed, and the whole once that is shorter. So do a few that have not changed when only the time has. One
// thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/operators/changes_node.h"
#include "runtime/operators/due_keys.h"
#include "runtime/operators/keyed_rows.h"
#include "runtime/operators/ranked_rows.h"
#include "runtime/state/stored_rows.h"
#include "runtime/state/wire.h"

namespace braid {

class TableTopNode : public ChangesNode {
 public:
  explicit TableTopNode(const Services& services);
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
  /// How the rows of a key lie in parts.
  struct Log {
    WireWriter news;          ///< changes since the last commit, unless `whole`
    uint64_t news_count = 0;  ///< of them
    bool whole = false;       ///< the next commit writes all rows: the changes would be more
    uint64_t written = 0;     ///< changes that the parts hold
    uint32_t parts = 0;       ///< that there are in the store
  };
  struct Key {
    RankedRows rows;
    int64_t time;
    uint64_t bound;     ///< of a stream: RankedRows::bound()
    Log* log;           ///< null: the store has all rows beside the time, or none
    uint32_t touch;     ///< in this turn: its place among the touches, plus one
    bool forgotten;     ///< in this turn
    bool rows_changed;  ///< since they were stored
  };
  class Keys : public KeyedRows::Values {
   public:
    explicit Keys(TableTopNode& node) : node_(node) {}
    uint64_t size() const override { return sizeof(Key) + (node_.forgets() ? sizeof(KeyDue) : 0); }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    void prefetch(const char* value) const override { reinterpret_cast<const Key*>(value)->rows.prefetch(); }
    bool load(WireReader& in, char* value) override;
    std::vector<uint32_t> parts(char* value) override;
    bool load_part(uint16_t set, std::string_view bytes, char* value) override;
    int64_t due(const char* value) const override { return node_.dues_->of(value).time; }
    int64_t& stored_at(char* value) override { return node_.dues_->of(value).stored_at; }
    void loaded(RowHandle row, char* value) override {
      if (node_.forgets()) node_.dues_->begin(row, node_.dues_->of(value).time);
    }
    void end(char* value) override;
    void end_with_all(char* value) override;

   private:
    TableTopNode& node_;
  };
  Key& key(RowHandle row) const { return *reinterpret_cast<Key*>(rows_.value(row)); }
  RankedRows::Memory memory() { return {pool_, &gone_}; }
  bool retains() const { return content_.group.retain_us != INT64_MAX; }
  bool forgets() const { return retains() || content_.group.window_key >= 0; }
  bool has_ended(const Key& key, int64_t time) const {
    return key.time != kNoTime && add_time(key.time, content_.group.retain_us) <= time;
  }
  /// Its first rows are noted.
  void touch_key(RowHandle at, uint64_t sequence);
  void begin_key(RowHandle at);
  void end_key(RowHandle at);
  /// The key has ended before its next row.
  RowHandle begin_anew(RowHandle at);
  void touch_forgotten() override;
  uint64_t hash_of(RowHandle row) const override { return rows_.hash(row); }
  /// As a part holds it.
  static void append_change(std::string_view values, std::string_view entry, int64_t count, WireWriter& out);
  /// For the next commit.
  void note_change(Key& key, std::string_view values, std::string_view entry, int64_t count);
  /// Few enough to be written again with each commit that has a change of them.
  static bool are_few(const RankedRows& rows);
  /// What the parts need.
  void store_parts(Key& key, const KeyedRows::Values::PutPart& put);
  /// Reads what append_change() wrote; false: it is no row of the step.
  bool load_changes(WireReader& in, Key& key, uint64_t* count);
  std::string_view row_of(std::string_view entry) const {
    return place_bytes_ == 0 ? entry : RankOrder::row_behind_place(entry);
  }
  void emit(std::span<const Touched> touched, std::vector<Block>& out) override;
  void end_turn() override;
  /// Of `before` and `now_` what stays; it is emptied there.
  void drop_what_stays(std::span<std::string_view> before);
  struct Part {
    std::string_view row;
    uint64_t number;
  };
  void put_out_rows(std::span<const Change> changes, std::span<const Part> parts, std::vector<Block>& out);

  const TopOperator& content_;
  const RankedRows::Limit limit_;
  KeyFormat key_;
  RankOrder order_;
  StoredRows stored_;
  int retracted_column_ = -1;
  size_t place_bytes_;  ///< of an entry, in front of the row, at least; 0: it has no place
  BlobPool pool_;
  Keys values_;
  KeyedRows rows_;
  std::optional<DueKeys> dues_;  ///< where it forgets
  int end_column_ = -1;          ///< of the end of the row's window
  std::vector<RowHandle> due_;
  uint64_t news_bytes_ = 0;  ///< since the last freeze

  // Of a turn: the first rows of each touched key before it, one key behind the other.
  std::vector<std::string_view> before_;
  std::vector<size_t> before_ends_;
  std::vector<std::string_view> now_;  ///< of one key
  std::vector<Bytes> gone_;            ///< rows that have left, which `before_` may show
  std::vector<Change> changes_;        ///< of one block that goes out, with the row of each
  std::vector<Part> parts_;
  std::string values_bytes_, entry_bytes_;
};

}  // namespace braid
