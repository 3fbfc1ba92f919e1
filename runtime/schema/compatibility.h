// What a product promises of the schemas of its rows, and what breaks the promise. A level says which readers go on
// when a schema changes: *backward*: a reader with the new schema reads rows of the old one; *forward*: a reader with
// the old schema reads rows of the new one; *full*: both. A plain level looks at the schema before, a transitive one at
// all earlier ones. The words are those of schema registries. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace braid::schema {

enum class Compatibility { none, backward, backward_transitive, forward, forward_transitive, full, full_transitive };

/// As a script writes it: "backward_transitive".
std::string_view word_of(Compatibility level);
std::optional<Compatibility> compatibility_of(std::string_view word);
/// All words, in the order of the levels.
std::vector<std::string> compatibility_words();
/// As the REST API of a registry has it: "BACKWARD_TRANSITIVE".
std::string registry_word_of(Compatibility level);

bool reads_old_rows(Compatibility level);  ///< backward or full
bool lets_old_read(Compatibility level);   ///< forward or full
bool looks_at_all_earlier(Compatibility level);

enum class BreakKind {
  missing,   ///< the reader needs the field, and rows do not have it
  optional,  ///< the reader needs a value, and rows may have none
  type,      ///< the reader's type does not take all values of the writer's
  symbol,    ///< the reader does not know a symbol
  extra,     ///< the reader takes no other fields, and rows have one
  name       ///< the reader knows the type by another name
};
/// What keeps a schema from reading rows of another.
struct Break {
  std::string field;  ///< its path: "customer.address", "lines[].price"; empty: the row itself
  BreakKind kind = BreakKind::type;
  std::string of_reader;  ///< type or name, as the reader has it
  std::string of_writer;  ///< type, name or symbol, as rows have it
};

/// Finds what keeps `reader` from reading rows written with `writer`; an error if one of them is not a schema.
using FindBreaks = Result<std::vector<Break>> (*)(std::string_view reader, std::string_view writer);

enum class Reader { with_new, with_old };
struct BrokenReader {
  Reader reader;
  size_t earlier;  ///< index of the earlier schema
  Break what;
};
/// "new readers of old rows: `channel` is new, and old rows do not have it".
std::string to_text(const BrokenReader& broken);
/// What the author can do instead; empty if only a new version of the product helps.
std::string way_out(const BrokenReader& broken);

/// What of `level` the schema `now` breaks. `earlier`: oldest first.
Result<std::vector<BrokenReader>> broken_readers(Compatibility level, std::string_view now,
                                                 const std::vector<std::string>& earlier, FindBreaks find_breaks);

}  // namespace braid::schema
