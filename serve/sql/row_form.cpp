#include "serve/sql/row_form.h"

namespace braid::serve {

RowForm row_form(std::string_view accept) {
  for (const RowForm form : {RowForm::arrow, RowForm::parquet, RowForm::ndjson, RowForm::csv})
    if (accept.find(media_type(form)) != std::string_view::npos) return form;
  return RowForm::json;
}

const char* media_type(RowForm form) {
  switch (form) {
    case RowForm::json:
      return "application/json";
    case RowForm::ndjson:
      return "application/x-ndjson";
    case RowForm::csv:
      return "text/csv";
    case RowForm::arrow:
      return "application/vnd.apache.arrow.stream";
    case RowForm::parquet:
      return "application/vnd.apache.parquet";
  }
  return "application/json";
}

}  // namespace braid::serve
