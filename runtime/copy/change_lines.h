// Changes of a product, one a line as JSON (docs/serving.md, "Follow"), taken into a table of its rows.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/copy/product_table.h"

namespace braid {

class ChangeLines {
 public:
  /// The table outlives it.
  ChangeLines(const CopiedProduct& product, ProductTable& table);
  ~ChangeLines();
  ChangeLines(const ChangeLines&) = delete;
  ChangeLines& operator=(const ChangeLines&) = delete;

  /// Whole lines. Numbers keep all of their digits. Each commit is one of the table, but of those that come with one
  /// call all up to the last are one. Fails with 8056 if a line is none of the product's, or as the table does.
  Status take(std::string_view lines);

  uint64_t changes() const { return changes_; }  ///< that are committed
  uint64_t epoch() const { return place_.epoch; }

 private:
  struct Parser;
  Status take_line(std::string_view line);
  Error wrong(std::string_view line) const;

  const CopiedProduct product_;
  ProductTable& table_;
  std::vector<bool> is_json_;  ///< columns of JSON of any shape
  std::unique_ptr<Parser> parser_;
  ProductTable::Place place_;
  uint64_t changes_ = 0, since_commit_ = 0;
};

}  // namespace braid
