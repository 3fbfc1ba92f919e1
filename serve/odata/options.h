// The query options of a request: which ones there are, and what they ask for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "serve/odata/apply.h"
#include "serve/odata/json_form.h"
#include "serve/read/read_plan.h"

namespace braid::serve::odata {

/// The options as they are written. `$filter` and the like, and `as_of`, `at_epoch`, `min_epoch`.
class WrittenOptions {
 public:
  /// 400: an option that OData does not have, or that is there twice. 501: one that it has and this does not.
  static Parsed<WrittenOptions> read(std::string_view query);

  const std::string* find(const std::string& name) const;
  /// 400 if there is another one than these, which the resource does not have.
  Result<void, Wrong> only(std::initializer_list<std::string_view> names) const;
  const Aliases& aliases() const { return aliases_; }
  /// The query without $skiptoken.
  const std::string& without_token() const { return without_token_; }

 private:
  std::map<std::string, std::string> options_;
  Aliases aliases_;
  std::string without_token_;
};

struct Order {
  NodePtr by;
  bool descending = false;
};

/// Where a page ended, in $skiptoken.
struct PageToken {
  uint64_t epoch = 0;
  uint64_t digest = 0;        ///< of the query
  uint64_t top = UINT64_MAX;  ///< rows that are still wanted
  uint64_t skip = 0;          ///< rows that are still passed over; of rows of $apply: where the next page begins
  std::string behind = {};    ///< position

  std::string text() const;
  static std::optional<PageToken> read(std::string_view text);
};

/// As of when.
struct AskedTime {
  AsOf as_of = {};
  std::optional<uint64_t> min_epoch = {};
};
Parsed<AskedTime> read_time(const WrittenOptions& options);

/// Of a collection.
struct Asked {
  AskedTime time;
  NodePtr filter = {};  ///< of what $apply gives, if there is one
  std::vector<Stage> apply = {};
  std::vector<Order> order = {};
  std::vector<size_t> select = {};  ///< properties of the shape; empty: all
  std::string select_text = {};     ///< `name,size`, as the context has it; empty: all
  std::optional<uint64_t> top = {};
  uint64_t skip = 0;
  bool count = false;
  std::optional<PageToken> token = {};

  /// The last stage that groups, or null.
  const Stage* last_grouping() const;
};
/// `set` outlives it.
Parsed<Asked> read_asked(const WrittenOptions& options, const EntitySet& set);
/// $select, of an entity, too.
Result<void, Wrong> read_select(const std::string& written, const Shape& shape, Asked& asked);

}  // namespace braid::serve::odata
