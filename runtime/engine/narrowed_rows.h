// Rows that a step has stored, where it keeps other fields of them now: each field that it keeps is one that it kept,
// or one of its key. Which is which, is told by what the fields mean (StateParts).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/data/row_codec.h"
#include "runtime/engine/state_form.h"
#include "runtime/state/key_format.h"

namespace braid {

/// Rows of one kind as the step stored them.
struct NarrowedRows {
  std::vector<Field> before;
  /// Of each field that it stores now which one of `before` it was; −1 − i: it is the i-th one of `key`.
  std::vector<int> kept;
  std::vector<Field> key = {};  ///< that the bytes of the rows' key are of; empty: no field is of it

  bool is_as_it_was() const;
};

/// The kinds of rows of a step that holds rows: of each input, in their order; of `match` those that wait, then those
/// of elements; of `running` those that wait, then with `over` the arguments of its aggregates. `parts`: as StateParts
/// has them. None: some field is new, or has another type, or how the step keeps rows is not known; `lacks` then is the
/// name of such a field, if it is one of the script.
std::optional<std::vector<NarrowedRows>> narrowed_rows(const Program& program, const Operator& op,
                                                       const StateForm& stored,
                                                       const std::vector<uint64_t>& parts_stored,
                                                       const std::vector<uint64_t>& parts_now, std::string& lacks);
/// The name of a field of the script that no stored row has.
void note_lacking(const Field& field, std::string& lacks);
/// The fields of rows of that kind, as the program stores them.
std::vector<Field> stored_fields(const Program& program, const Operator& op, size_t kind);

/// Of parts in groups (state_parts.h), each group.
std::vector<std::vector<uint64_t>> part_groups(const std::vector<uint64_t>& parts);

class RowNarrower {
 public:
  /// `now`: stored_fields(). `rows` outlives it.
  RowNarrower(const NarrowedRows& rows, const std::vector<Field>& now);
  /// Behind what `out` holds; nothing for no bytes. Fails if the bytes are not such a row. `key`: bytes of its key,
  /// where fields are of it.
  Status convert(std::string_view bytes, std::string& out, std::string_view key = {});

 private:
  const NarrowedRows& rows_;
  RowLayout before_, now_;
  KeyFormat key_;
  std::vector<size_t> leaves_;  ///< for each leaf now which one it was, those of the key behind those of the row
};

/// A stored row is not what its step stores.
Error damaged_row();

}  // namespace braid
