// The forms in which rows are asked for, by the media types of `Accept`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "serve/sql/sql_engine.h"

namespace braid::serve {

/// Of the first type in that order: Arrow, Parquet, NDJSON, CSV; else JSON.
RowForm row_form(std::string_view accept);
const char* media_type(RowForm form);
/// Whether rows are laid out in columns.
inline bool is_columnar(RowForm form) {
  return form == RowForm::arrow || form == RowForm::parquet;
}

}  // namespace braid::serve
