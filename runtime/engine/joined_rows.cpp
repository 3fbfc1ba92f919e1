#include "runtime/engine/joined_rows.h"

#include <map>

#include "runtime/operators/table_join.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

/// Rows of one hash of keys, which come one after the other: key of the join | side | hash of the row.
class JoinedRows {
 public:
  JoinedRows(const Program& program, const RowConversion& conversion) {
    const Operator& op = program.operators[static_cast<size_t>(conversion.op)];
    for (size_t side = 0; side < conversion.rows.size(); ++side)
      narrowers_.emplace_back(conversion.rows[side], stored_fields(program, op, side));
  }

  Status add(std::string_view key, std::string_view value, std::vector<StoredPair>& made) {
    constexpr size_t kHead = kPointKeyHead - sizeof(uint32_t), kHash = 2 * sizeof(uint64_t);
    if (key.size() < kHead + 1 + kHash) return damaged_row();
    if (key.substr(0, kHead) != head_) take(made);
    head_ = key.substr(0, kHead);
    std::string place(key.substr(0, key.size() - kHash));
    const auto side = static_cast<size_t>(place.back());
    if (side >= narrowers_.size()) return damaged_row();
    WireReader in(value);
    Joined read;
    read.count = in.fixed<int64_t>();
    read.matches = in.fixed<int64_t>();
    BRAID_TRY(narrowers_[side].convert(in.text(), read.row));
    read.failures = in.at_end() ? 0 : in.fixed<int64_t>();
    if (in.failed()) return damaged_row();
    TableJoinNode::append_hash(place, read.row);
    const auto [known, added] = rows_.try_emplace(std::move(place), read);
    if (added) return {};
    // The condition reads nothing but what is kept, so rows that are alike have the same matches.
    if (known->second.matches != read.matches || known->second.failures != read.failures) return damaged_row();
    known->second.count += read.count;
    return {};
  }
  void take(std::vector<StoredPair>& made) {
    for (const auto& [place, row] : rows_) {
      WireWriter value;
      TableJoinNode::append_value(value, row.count, row.matches, row.row, row.failures);
      made.push_back({place, value.take()});
    }
    rows_.clear();
  }

 private:
  struct Joined {
    int64_t count = 0, matches = 0, failures = 0;
    std::string row;
  };

  std::vector<RowNarrower> narrowers_;  ///< of each side
  std::string head_;                    ///< slice and hash
  std::map<std::string, Joined> rows_;
};

}  // namespace

Status convert_joined_rows(const Program& program, const RowConversion& conversion, uint32_t into, StateStore& store) {
  JoinedRows rows(program, conversion);
  return copy_tables(
      conversion.from, into, store,
      [&](StateFamily family, uint32_t table, std::string_view key, std::string_view value,
          std::vector<StoredPair>& made) {
        if (table == 0 && family == StateFamily::point) return rows.add(key, value, made);
        made.push_back({std::string(key), std::string(value)});
        return Status();
      },
      [&](std::vector<StoredPair>& made) { rows.take(made); });
}

}  // namespace braid
