// The rules and service levels of a contract as clauses of the contract of a product.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mesh/standards/document.h"
#include "mesh/standards/reading.h"
#include "runtime/report/diagnostic.h"

namespace braid::mesh {

/// A field of the declaration that the rules are about.
struct ImportedField {
  std::string property;  ///< its name in the contract
  std::string name;      ///< as a script writes it
  std::string type;      ///< without `?`
  bool optional = false;
};

struct ImportedObject {
  std::string name;  ///< of the schema object
  std::vector<ImportedField> fields;
  bool table = false;  ///< a table: one row for each key
  bool has_time = false;
  std::vector<std::string> key;  ///< names of properties
};

struct Clause {
  std::string text;    ///< "check positive: amount > 0 else reject"
  std::string remark;  ///< empty, or what the reader should know
};

struct ImportedRules {
  std::vector<Clause> clauses;
  struct NotRun {
    std::string rule, reason;  ///< "orphans", "it is a query of SQL"
  };
  std::vector<NotRun> not_run;
  std::optional<std::string> deprecated_until;
  std::optional<int64_t> latency_us;  ///< the shortest that is promised
};

/// `object`: the schema object. Marks what it has read, and reports each rule that is not run (W7307).
ImportedRules import_rules(const Node& contract, const Node& object, const ImportedObject& made, uint32_t file,
                           Reading& reading, Reporter& reporter);

/// A length of time of a service level: `5` `m`, `30` `days`, `PT5M`, `P3Y` not: years and months have no fixed length.
std::optional<int64_t> length_of(const std::string& value, const std::string& unit, std::string_view property);

/// The share of rows that a level of latency is about: "p99" in its id or description; empty if it does not say.
std::string quantile_of(const Node& level);

}  // namespace braid::mesh
