// Rows as JSON Schema, draft 2020-12 or 7: what the rows of a product look like as NDJSON, and which records a source
// accepts. Other fields are allowed. Types that JSON does not have carry their name under `x-braid-type`. The text is
// the same for the same input: keys stand in the order of the fields. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/type.h"
#include "runtime/schema/compatibility.h"

namespace braid::schema {

struct SchemaField {
  std::vector<std::string> path;  ///< its place in the record: {"customer", "id"}
  Type type;
  bool may_lack = false;  ///< has a fallback: a record may lack it, or have null
  std::string documentation;
};

/// What texts and numbers a reader of the format takes for timestamps.
struct TimestampForms {
  bool numbers = false;       ///< of a unit since 1970
  bool without_zone = false;  ///< local times
};

struct RowSchema {
  std::string name;  ///< "payments.captured"
  int64_t version = 1;
  std::string documentation;
  std::vector<SchemaField> fields;
};

/// What is said here has the same text in both. Apicurio Registry compares schemas of draft 7 and fails at later ones.
enum class JsonDraft { draft_2020_12, draft_7 };

/// Of rows that are written.
std::string json_schema_of_rows(const RowSchema& rows, JsonDraft draft = JsonDraft::draft_2020_12);
/// Of records that are read.
std::string json_schema_of_records(const RowSchema& records, TimestampForms timestamps);

/// Rows hold what their schema lists, and readers ignore what theirs does not list: so a field may come and go as long
/// as no reader needs it. A registry may look at JSON Schema more strictly, since by its text a row may have any other
/// field. `$ref`, `allOf`, `not` and conditions are not compared: an error, unless the texts are equal.
Result<std::vector<Break>> find_json_breaks(std::string_view reader, std::string_view writer);

}  // namespace braid::schema
