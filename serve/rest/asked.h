// What the query of a request asks for, read for one product. Internal to the folder.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/codec/value_reader.h"
#include "serve/read/read_plan.h"

namespace braid::serve {

struct ApiProduct;
using Query = std::vector<std::pair<std::string, std::string>>;

/// A field of a row by its path in text, `window.start`.
struct NamedPath {
  std::string text;
  std::vector<int> path;
  FieldPlace place;
};
/// None: the row has no such field.
std::optional<NamedPath> named_path(const std::vector<Field>& row, const std::string& text);

/// The ordered bytes of a value of `place.type` from its text. None: it is no such value.
std::optional<std::string> value_bytes(const FieldPlace& place, const std::string& text);

struct AskedRows {
  ReadPlan plan;
  std::vector<int> fields;  ///< of the row, in the order asked for; empty: all
  std::optional<uint64_t> min_epoch;
  int64_t wait_us = 0;
  std::optional<uint64_t> pinned_epoch;  ///< of a token
};

/// Or what is wrong, as a sentence. `one`: of a row by its key, so nothing that chooses rows.
Result<AskedRows> read_query(const ApiProduct& product, const Query& query, bool one);

/// Goes on with a read: the epoch, which query of which product it was, and where it was.
std::string token_of(uint64_t epoch, const ApiProduct& product, const Query& query, std::string_view position);

}  // namespace braid::serve
