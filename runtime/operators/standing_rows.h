// Which rows of a table stand, by its key: for changes of a key that come from several tasks of the stage before. What
// a row changed into may then come before it goes, and in another turn, so the changes of one turn do not say what
// stands. Of several rows of a key the one that came last is taken; when all that was sent has come there is one.
//
// State: of each key its rows, each with how often it came less how often it went. One thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/operators/keyed_rows.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class StandingRows {
 public:
  /// Table `table` is its own, and the one behind it. All outlive it.
  StandingRows(uint32_t table, const KeyFormat& key, const StoredRows& rows, const Services& services);
  /// Keys of the block come back from the store. Before the other calls for them.
  Status warm(const KeyBlock& keys, uint32_t rows) { return keys_.warm(keys, rows); }
  /// The row that stands for the key, up to the next change of it; no data: none.
  Bytes row(uint64_t hash, std::string_view key) const;
  /// The row comes or goes.
  void change(uint64_t hash, std::string_view key, std::string_view row, bool goes);

  void begin_round() { pool_.release_pending(); }
  void freeze() { keys_.freeze(); }
  bool copy_frozen(CopyBudget& budget) { return keys_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) { keys_.take_frozen(batch); }
  void committed() { keys_.committed(); }
  Status restore(StateStore& store, uint64_t memory) { return keys_.restore(store, memory); }
  Status read_ahead(uint64_t ranges) { return keys_.read_ahead(ranges); }
  void evict(uint64_t bytes) {
    keys_.evict(bytes);
    pool_.release_pending();
  }
  StateSize size() const { return keys_.size(); }

 private:
  struct Standing {
    Bytes row;
    int64_t count;
  };
  /// In the order in which they came.
  using List = std::vector<Standing>;
  class Lists : public KeyedRows::Values {
   public:
    explicit Lists(StandingRows& owner) : owner_(owner) {}
    uint64_t size() const override { return sizeof(List*); }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    bool load(WireReader& in, char* value) override;
    void end(char* value) override;

   private:
    StandingRows& owner_;
  };
  static List*& list(char* value) { return *reinterpret_cast<List**>(value); }
  void add(List*& list, Standing standing);

  const StoredRows& rows_;
  BlobPool pool_;
  Lists lists_{*this};
  KeyedRows keys_;
};

}  // namespace braid
