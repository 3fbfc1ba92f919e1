// Whom a change of a product breaks. A change is judged by what each registered reader uses, not by the schema alone: a
// field that nobody reads may go. Readers that nobody knows (programs that read the topic) are judged by the level of
// compatibility that the contract promises. Plain values; pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "mesh/gate/change.h"
#include "mesh/gate/wire.h"

namespace braid::mesh {

/// What one reader uses of a version of a product, as its publication states it.
struct KnownReader {
  std::string name;    ///< "marketing.visitor version 1"
  std::string domain;  ///< "marketing"
  std::string owner;
  std::vector<std::string> fields;  ///< paths of fields that it reads: "customer.email"; a struct stands for all in it
  std::vector<std::string> exhaustive;  ///< enums of which its `case` names each symbol and has no `else`
  bool reads_time = false;              ///< windows, joins by time, order
  bool reads_key = false;               ///< joins by the key, or keeps it up as a table
  typed::Expectation expects;
  bool granted = false;  ///< the registry lets it read the product, whatever its `allow` says
};

enum class Weight {
  none,    ///< nobody has to do anything
  notice,  ///< the reader goes on, and should know
  breaks
};

struct Effect {
  size_t change;       ///< index into Verdict::changes
  std::string reader;  ///< KnownReader::name; empty: readers that are not registered
  std::string owner;
  Weight weight;
  std::string why;
};

struct Verdict {
  std::vector<Change> changes;
  std::vector<Effect> effects;  ///< in the order of the changes, then of the readers; none of weight `none`
  bool breaks() const;
  /// What the author can do, most useful first. Empty if nothing breaks.
  std::vector<std::string> ways_out;
};

/// Of one version of a product.
struct ProductVerdict {
  std::string product;  ///< "finance.payment version 1"
  Verdict verdict;
};

/// Adds the paths of the enums in values of `type`, which stands at `path`: "state", "lines[].state".
void add_enums(const std::string& path, const Type& type, std::vector<std::string>& enums);
/// A reader that uses all there is: reads each field, goes by time and key, has a `case` without `else` over each enum,
/// and expects whatever is promised. What does not break it breaks nobody who reads rows as they are.
KnownReader reader_of_all(const Interface& interface);

/// A change from `before` to `after`. `wires`: how its rows are written, for readers that are not registered; none:
/// nothing is known of it. The error is one of a wire: rows that it cannot have.
Result<Verdict> judge(const Interface& before, const Interface& after, const std::vector<KnownReader>& readers,
                      const std::vector<WireRules>& wires);
/// The product is no longer published.
Verdict judge_removal(const Interface& before, const std::vector<KnownReader>& readers);

}  // namespace braid::mesh
