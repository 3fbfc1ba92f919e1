// A stream joined with a static table: the table is read whole before the streams and again at each start of the job,
// so it is not state. Of rows with one key the last by (file, position) is valid; rows come in this order.
#pragma once

#include <map>
#include <string>

#include "runtime/operators/join_rows.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"

namespace braid {

class ReferenceJoinNode : public OperatorNode {
 public:
  explicit ReferenceJoinNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  /// Of the left input alone: static tables have no time.
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override { return inputs[0]; }
  StateSize state_size() const override { return {table_.size(), pool_.bytes_used() + table_.bytes()}; }

 private:
  struct Row {
    Bytes row = {nullptr, 0};
    uint64_t settled_before = 0;
    uint32_t source = 0;
  };
  void take_table(const Block& block);

  const JoinShape& shape_;
  JoinRows rows_;
  KeyFormat left_key_, right_key_;
  int delete_column_ = -1;
  BlobPool pool_;
  KeyTable<Row> table_{pool_};
  JoinPairs pairs_;
};

/// By other columns than the table's key: a row meets the rows of all keys that have equal ones.
class ReferenceIndexNode : public OperatorNode {
 public:
  explicit ReferenceIndexNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override { return inputs[0]; }
  StateSize state_size() const override {
    return {table_.size(), pool_.bytes_used() + table_.bytes() + index_.bytes() + table_.size() * kBytesOfPlace};
  }

 private:
  static constexpr uint64_t kBytesOfPlace = 128;  ///< about, of a row in the index
  struct Row {
    Bytes row = {nullptr, 0};
    uint64_t settled_before = 0;
    uint32_t source = 0;
    uint64_t hash = 0;    ///< of its columns
    std::string columns;  ///< as a key
  };
  using Group = std::map<std::string, Bytes, std::less<>>;  ///< rows by the table's key
  void take_table(const Block& block);
  void leave_index(const KeyTable<Row>::Entry& entry);

  const JoinShape& shape_;
  JoinRows rows_;
  KeyFormat left_key_, columns_, table_key_;
  int delete_column_ = -1;
  BlobPool pool_;
  KeyTable<Row> table_{pool_};
  KeyTable<Group> index_{pool_};
  JoinPairs pairs_;
};

}  // namespace braid
