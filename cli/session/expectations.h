// A test's rows on their way in and out: `given` rows as the bytes a producer would send, and what came out against
// what was expected. Pure functions.
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

/// What differs, as lines to show under the test; nullopt if all is as expected. Rows of one key must come in the order
/// in which they are expected; with `open`, other rows may stand between. `row`: of the relation, to name its fields.
std::optional<std::string> compare_rows(const typed::ExpectStatement& expected, const std::vector<ResultRow>& actual,
                                        const std::vector<Field>& row, const std::vector<std::string>& key);

/// One row as a script would write it: `{ id: 1, segment: "silver" }`.
std::string row_text(const ResultRow& row);

}  // namespace braid::cli
