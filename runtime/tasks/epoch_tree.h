// The records of a task's epochs as a tree: each names the epoch before it. With transactions they are one chain.
// Without them an epoch may have been attempted several times, and a task may have gone on from an older epoch than the
// last one (docs/decisions/0031): then several branches have grown, of which that of the token counts.
//
// Memory: 24 bytes for each record, 8 for each epoch of a path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/engine/epoch.h"

namespace braid {

/// Epochs of which each comes behind the one before it.
class EpochPath {
 public:
  bool has(const EpochChain& epoch) const;
  uint64_t first() const { return last_ + 1 - digests_.size(); }

 private:
  friend class EpochTree;
  uint64_t last_ = 0;
  std::vector<uint64_t> digests_;  ///< of the last epoch, and those before it
};

class EpochTree {
 public:
  void add(const EpochRecord& record);
  /// The earliest epoch that has a record; 0: none has.
  uint64_t first() const;
  /// Its record is there.
  bool knows(const EpochChain& epoch) const { return find(epoch) != nullptr; }
  /// The epochs that lead to it, and it, as far back as there are records: to epoch 0 if all of them are there.
  EpochPath path_to(const EpochChain& last) const;
  /// The last erasure among the epochs of a path.
  struct Erasure {
    EpochChain at;     ///< the epoch whose record has it
    std::string note;  ///< an ErasureNote
  };
  const Erasure* last_erasure(const EpochPath& path) const;

 private:
  struct Epoch {
    uint64_t number, digest, before;
  };
  const Epoch* find(const EpochChain& epoch) const;

  /// In the order of records, which is that of epochs but for where a branch begins.
  mutable std::vector<Epoch> epochs_;
  mutable bool is_sorted_ = true;
  std::vector<Erasure> erasures_;  ///< in the order of records
};

}  // namespace braid
