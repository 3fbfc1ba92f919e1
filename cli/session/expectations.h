// The input and output rows of a test: `given` rows as the bytes that a producer would send, and a comparison of actual
// with expected rows. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/typed/project.h"
#include "runtime/data/value.h"

namespace braid::cli {

/// A row that came out of a product or one of its ports.
struct ResultRow {
  std::vector<Field> fields;
  std::vector<Value> values;
};

/// The NDJSON record of a given row: fields at their paths, those left out absent.
std::string given_record(const typed::Relation& relation, const typed::TestRow& row);

/// The differences, as lines to show under the test; nullopt if there are none. Rows of one key must come in the order
/// in which they are expected; with `open`, other rows may stand between. `row`: of the relation, to name its fields.
/// `missing`, if not null, is set to the number of expected rows that are not there.
std::optional<std::string> compare_rows(const typed::ExpectStatement& expected, const std::vector<ResultRow>& actual,
                                        const std::vector<Field>& row, const std::vector<std::string>& key,
                                        size_t* missing = nullptr);

/// One row as a script would write it: `{ id: 1, segment: "silver" }`.
std::string row_text(const ResultRow& row);

}  // namespace braid::cli
