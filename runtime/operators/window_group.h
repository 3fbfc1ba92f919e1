// `window … group …`: folds rows into a state per slice and key. A slice is the rows that belong to the same windows,
// named by the ends of the first and the last of them; without overlap, a slice is a window. A window is emitted once,
// when the watermark has passed its end and its `late` time. Output: (end, key hash, key bytes). A row whose windows
// have all closed is late; one that is late for some of them goes to the slice of the others, and is counted as partly
// late.
//
// Stored as timed rows: bucket = end of the last window, and with overlap the end of the first behind the key. Evicted
// groups come back when a row is folded into them; a window that closes releases the rows of one slice of the hashes
// after the other, cold groups of that slice among them. The values of distinct counts are rows of a table beside them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/operators/group_output.h"
#include "runtime/operators/group_state.h"
#include "runtime/operators/group_trails.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/group_table.h"
#include "runtime/state/key_format.h"
#include "runtime/time/windows.h"

namespace braid {

class WindowGroupNode : public OperatorNode {
 public:
  static Result<std::unique_ptr<OperatorNode>> make(const Services& services);
  ~WindowGroupNode() override;
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  bool advance(std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override {
    return inputs[0].minus(content_.window.late_us);
  }
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override { frozen_.take(batch); }
  void committed() override { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_.time(); }
  void seal(int64_t time) override { sealed_.seal(time); }

 private:
  static constexpr uint32_t kGroupTable = 0;
  static constexpr uint32_t kSealedTable = 1;
  static constexpr uint32_t kPartTable = 2;  ///< of sets of distinct values

  struct Place {
    int64_t last_end, first_end;
    auto operator<=>(const Place&) const = default;
  };
  struct Slice {
    Slice(const Place& own, GroupRows& rows, const HashRange& range, BlobPool& pool)
        : place(own), table(rows, range, pool) {}
    Place place;
    GroupTable table;
    std::vector<RowHandle> changed;
    uint64_t cold = 0;     ///< groups in the store alone
    uint64_t stored = 0;   ///< state rows there are, of cold groups and of sets too
    uint64_t to_copy = 0;  ///< no more groups than that are frozen
    bool entered = false;  ///< its first window has closed, so no row comes any more
  };
  /// A group of a slice.
  struct Group {
    Slice* slice;
    RowHandle row;
  };
  /// Where a group is in the store.
  struct StoredPlace {
    Place place;
    uint64_t hash;
    std::string_view key;
  };

  WindowGroupNode(const Services& services, WindowAssigner windows);
  bool is_closed(int64_t end, int64_t passed) const { return add_time(end, content_.window.late_us) <= passed; }
  int64_t passed() const { return std::max(edges[0].finite, sealed_.time()); }
  Slice& slice_at(const Place& place);
  /// The slice of the windows that are open; false: none is.
  bool open_part(const WindowSpan& span, int64_t passed, Place* place);
  void fold(const Block& block, const KeyBlock& keys);
  /// Before a frozen group changes or leaves.
  void copy(const Group& group) {
    if (frozen_.holds(rows_.head(group.row).changed)) copy_frozen_group(group);
  }
  void copy_frozen_group(const Group& group);
  /// Cold groups that the rows of the block belong to come back into memory.
  Status warm(const KeyBlock& keys);

  // What is stored.
  std::string place_key(const Place& place, std::string_view key) const;
  void set_state_key(std::string& bytes, const StoredPlace& place) const;
  StoredPlace place_of(const Group& group) const {
    return {group.slice->place, rows_.head(group.row).hash, rows_.key(group.row)};
  }
  std::string state_key(const StoredPlace& place) const;
  std::string part_key(const StoredPlace& place, size_t set, uint32_t part) const;
  /// False: not such a key.
  bool parse_place(uint64_t hash, int64_t bucket, std::string_view bytes, StoredPlace* place) const;
  Status load_state(std::string_view value, char* state);
  /// Without what lies in parts.
  Result<Group> load(const StoredPlace& place, std::string_view value);
  Status load_parts(std::span<const Group> groups);
  /// Groups of these ranges come into memory while there is room for them, and are cold else.
  Status read(std::span<const UnreadRanges::Run> runs);
  Status take_stored(std::string_view key, std::string_view value, std::vector<Group>& loaded);
  bool has_room() { return !(full_ = full_ || (cold_.attached() && state_size().bytes >= memory_)); }
  /// With overlap: slices whose first window had closed when the step was restored.
  Status enter_restored();
  /// With overlap: the end of the first window, of those with rows of an unread bucket, that is to be closed yet.
  int64_t first_end_of_unread(int64_t bucket);
  /// With overlap: what is unread of windows that close up to there.
  Status read_due(int64_t passed);
  void count_back(Slice& slice);

  // Closing (window_close.cpp).
  /// None: no window is open.
  std::optional<int64_t> next_to_close() const;
  void begin_closing(int64_t end);
  /// The next slice of the hashes of which it has rows; the end: there is none.
  uint32_t next_part() const;
  /// Releases the rows of that slice, and returns their number. They go out with the next ones if they fill no block.
  uint64_t close_part(std::vector<Block>& out);
  void end_closing(std::vector<Block>& out);
  /// Blocks that are full, or all.
  void put_out(bool all, std::vector<Block>& out);
  void load_part(uint32_t part);
  void emit_slice(std::span<const RowHandle> rows, std::vector<Block>& out);
  void enter_trails(int64_t end);
  void emit_trails(std::span<const RowHandle> groups, std::vector<Block>& out);
  /// Of a window some of whose groups are in the store alone: the rows of a slice of the hashes.
  Status emit_mixed(uint32_t part, uint64_t* rows, std::vector<Block>& out);
  struct Loaded;
  Status load_slice(uint32_t hash_slice, int64_t end, std::span<const int64_t> buckets, std::vector<Loaded>& loaded);
  void erase_slices(int64_t end);
  void erase_stored(const Group& group);

  const GroupOperator& content_;
  WindowAssigner windows_;
  const bool overlap_;
  KeyFormat key_;
  const uint32_t key_size_;
  GroupState state_;
  GroupOutput output_;
  HashRange range_;
  BlobPool pool_;
  GroupRows rows_;
  std::map<Place, std::unique_ptr<Slice>> slices_;
  ColdTable cold_;

  // With overlap.
  std::multimap<int64_t, Slice*> waiting_;  ///< slices that have not entered, by the end of their first window
  int64_t next_end_ = kEndTime;             ///< of the next window, while a slice has entered
  uint64_t entered_ = 0;                    ///< slices
  GroupTrails trails_;
  bool trails_whole_ = true;  ///< those of all slices that have entered

  // Of a restart.
  uint64_t memory_ = UINT64_MAX;       ///< bytes from which on no groups come in that nobody wants
  bool full_ = false;                  ///< and they do not any more, since nothing is begun then
  int64_t restored_passed_ = kNoTime;  ///< windows that closed before that had closed when the step was restored

  uint64_t changed_ = 0;              ///< groups
  uint64_t changed_value_bytes_ = 0;  ///< of sets
  FrozenRows frozen_;
  struct FrozenPart {
    Slice* slice;  ///< has left if none of the rows is frozen
    std::vector<RowHandle> rows;
  };
  std::vector<FrozenPart> to_copy_;
  size_t next_part_to_copy_ = 0, next_to_copy_ = 0;
  WireWriter value_;  ///< of the last group that was copied
  StateBatch erased_;
  std::string key_bytes_;                   ///< the last key that was collected or erased
  std::vector<int64_t> erased_buckets_;     ///< with too many groups to name them
  SealedTime sealed_{table(kSealedTable)};  ///< windows closed up to there because all inputs had ended
  Place hand_ = {kNoTime, kNoTime};
  size_t hand_segment_ = 0;  ///< where the next eviction begins

  // Of a block.
  std::vector<uint32_t> taken_;  ///< its rows
  std::vector<Slice*> taken_slices_;
  std::vector<char*> states_;
  /// A window that closes.
  struct Closing {
    Closing(const WindowRange& own, uint32_t first_part) : window(own), part(first_part) {}
    WindowRange window;
    Slice* slice = nullptr;        ///< without overlap
    bool named = true;             ///< its state rows are erased one by one
    bool cold = false;             ///< some groups are in the store alone
    std::vector<RowHandle> rows;   ///< groups of the slice, of the trails, or of all slices that have entered, in order
    std::vector<int64_t> buckets;  ///< with overlap: those that have cold groups
    size_t next = 0, put_out = 0;  ///< of `rows`: released, and in a block
    uint32_t part;                 ///< with cold groups: the next slice of the hashes
  };
  std::optional<Closing> closing_;
  std::vector<GroupOutput::Row> window_rows_;
  std::vector<Slot> window_states_;
};

}  // namespace braid
