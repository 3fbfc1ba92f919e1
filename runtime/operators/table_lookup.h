// Changes of a table go on with what a service answers. A row that goes has the answer that it came with, whatever the
// service says by then, so that it is the same byte for byte. A row that left with its answer leaves again, silently,
// when it goes.
//
// A row asks when it comes and when its arguments change. If it is replaced in a turn by one with the same arguments,
// the answer stays, or that there is none: whether a change of other fields is seen here depends on who reads them.
//
// State: by the key of the table and the arguments, the answer, for as long as a row with them stands. One thread.
#pragma once

#include "runtime/operators/keyed_rows.h"
#include "runtime/operators/lookup.h"

namespace braid {

class TableLookupNode final : public LookupNode {
 public:
  explicit TableLookupNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void freeze() override {
    forget_ended();
    rows_.freeze();
  }
  bool copy_frozen(CopyBudget& budget) override { return rows_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override { rows_.take_frozen(batch); }
  void committed() override { rows_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override { return rows_.restore(store, memory); }
  void read_ahead() override { note(rows_.read_ahead(services_.read_ahead.ranges)); }
  Status evict(uint64_t bytes) override {
    rows_.evict(bytes);
    return {};
  }
  StateSize state_size() const override { return rows_.size(); }

 private:
  struct Kept {
    uint32_t rows;      ///< that stand; none: the last one has gone in this turn
    uint32_t question;  ///< of this block, plus one: its answer is on its way
    uint32_t kind;      ///< Answer::Kind, or kNeverAsked
    Bytes answer;       ///< as Answer::content; no data: none
  };
  /// A row has gone that never came.
  static constexpr uint32_t kNeverAsked = 255;
  class Answers : public KeyedRows::Values {
   public:
    explicit Answers(TableLookupNode& node) : node_(node) {}
    uint64_t size() const override { return sizeof(Kept); }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    bool load(WireReader& in, char* value) override;
    void end(char* value) override;

   private:
    TableLookupNode& node_;
  };

  bool give(const Block& block, std::span<Given> given) override;
  /// The turn is over in which these had their last row.
  void forget_ended();
  Kept& kept(RowHandle row) const { return *reinterpret_cast<Kept*>(rows_.value(row)); }

  KeyFormat key_;
  BlobPool pool_;
  Answers values_;
  KeyedRows rows_;
  uint64_t turn_ = 0;             ///< of the last rows
  std::vector<RowHandle> ended_;  ///< in it
};

}  // namespace braid
