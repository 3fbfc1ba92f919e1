// The newest row of each key, as changes: what `last per` gives, and what the versions of a table come to. Of two rows
// the later by (time, source, partition, position), and behind joins by the right rows that it has met, is newer. A
// version that comes after the watermark has passed its time counts from the watermark on, as for a join (versions.h).
// A key that a version has ended is remembered until no older version can come. With `retain` a row goes, and its key
// is forgotten, when time has passed it by that much.
//
// State: of each key the newest row and its place. One thread.
#pragma once

#include <queue>

#include "runtime/operators/changes_node.h"
#include "runtime/operators/due_keys.h"
#include "runtime/operators/keyed_rows.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class LatestNode : public ChangesNode {
 public:
  explicit LatestNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void freeze() override { rows_.freeze(); }
  bool copy_frozen(CopyBudget& budget) override { return rows_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override { rows_.take_frozen(batch); }
  void committed() override { rows_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override { return rows_.restore(store, memory); }
  void read_ahead() override { note(rows_.read_ahead(services_.read_ahead.ranges)); }
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  /// Of a key: there is none, its newest row stands, a version has ended it, or with `retain` time has.
  enum Known : uint32_t { kUnknown, kStands, kEnded, kForgotten };
  struct Newest {
    int64_t time;
    int64_t position;
    uint32_t source, partition;
    uint32_t touch;  ///< in this turn: its place among the touches, plus one
    Known known;
    Bytes row;         ///< no data: the key has ended
    const char* pair;  ///< as of its record (data/pair_place.h), in the pool
  };
  class NewestRows : public KeyedRows::Values {
   public:
    explicit NewestRows(LatestNode& node) : node_(node) {}
    uint64_t size() const override { return sizeof(Newest) + (node_.retains() ? sizeof(KeyDue) : 0); }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    bool load(WireReader& in, char* value) override;
    bool stays(const char* value) const override;
    void loaded(RowHandle row, char* value) override;
    int64_t due(const char* value) const override { return node_.dues_->of(value).time; }
    int64_t& stored_at(char* value) override { return node_.dues_->of(value).stored_at; }
    void end(char* value) override;
    void end_with_all(char*) override {}

   private:
    LatestNode& node_;
  };
  struct Ended {
    int64_t time;
    uint64_t hash;
    RowHandle row;
    bool operator>(const Ended& other) const { return time > other.time; }
  };
  bool retains() const { return content_.retain_us != INT64_MAX; }
  void touch_forgotten() override;
  uint64_t hash_of(RowHandle row) const override { return rows_.hash(row); }
  bool is_older(int64_t time, const Record& record, const Newest& than) const;
  void keep_pair(Newest& newest, std::string_view places);
  Newest& newest(RowHandle row) const { return *reinterpret_cast<Newest*>(rows_.value(row)); }
  void emit(std::span<const Touched> touched, std::vector<Block>& out) override;
  void end_turn() override;

  const LatestOperator& content_;
  KeyFormat key_;
  StoredRows stored_;  ///< rows without the columns behind the fields
  int delete_column_ = -1;
  BlobPool pool_;
  NewestRows values_;
  KeyedRows rows_;
  std::optional<DueKeys> dues_;  ///< with `retain`
  std::vector<RowHandle> due_;
  std::priority_queue<Ended, std::vector<Ended>, std::greater<>> ended_;
};

}  // namespace braid
