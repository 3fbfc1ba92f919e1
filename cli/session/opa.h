// What an OPA server (Open Policy Agent) lets somebody read of a product: `POST` of `{"input": …}` to its decisions.
// The inputs and answers have the shapes of Trino's plug-in, so that a policy for Trino does: the catalogue is the
// tenant, the schema the domain, the table the product. Expressions in answers are Braid's, over the fields of the
// product.
//
// It can only take away from what the scripts allow. What is no answer, or an expression that cannot be used, refuses.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/project/project.h"
#include "compiler/access/read_plan.h"
#include "compiler/driver/compile.h"
#include "runtime/base/clock.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// What is asked, as JSON. `operation`: "SelectFromColumns", "GetRowFilters", "GetColumnMask".
std::string opa_table_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product,
                            const std::string& operation);
/// For the masks of all columns at once, or of one.
std::string opa_masks_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product);
std::string opa_mask_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product,
                           size_t column);

/// What it says of a reader and a product: conditions that all have to hold, and masks by column.
struct OpaRules {
  std::vector<std::string> filters;
  std::map<size_t, std::string> masks;
};
/// Of answers: no `result`, or by the order of these three
///   `{"result": [{"expression": "…"}]}`
///   `{"result": [{"index": 0, "viewExpression": {"expression": "…"}}]}`
///   `{"result": {"expression": "…"}}`
/// An error says what is wrong.
Result<std::vector<std::string>> opa_filters_of(const std::string& answer);
Result<std::map<size_t, std::string>> opa_masks_of(const std::string& answer, size_t columns);
Result<std::optional<std::string>> opa_mask_of(const std::string& answer);

/// The revision of the policies that an answer with `provenance` says that it was made by; empty: it does not say.
std::string opa_revision_of(const std::string& answer);

/// Answers by address and input, for ten seconds. Where answers of a server say their revision, one of another revision
/// ends all that the server has said before.
class KeptAnswers {
 public:
  static constexpr int64_t kKeptUs = 10'000'000;

  /// Null: there is none of the last ten seconds. `now_us`: steady. Until the next call.
  const std::string* find(const std::string& url, const std::string& input, int64_t now_us);
  void keep(const std::string& url, const std::string& input, const std::string& answer, int64_t now_us);
  void drop(const std::string& url, const std::string& input) { kept_.erase({url, input}); }
  void clear() { kept_.clear(); }

 private:
  struct Kept {
    int64_t at_us;
    std::string answer;
  };
  std::map<std::pair<std::string, std::string>, Kept> kept_;
  std::map<std::string, std::string> revisions_;  ///< by server: scheme, host and port
};

/// One thread. Answers that are none are not kept, and asked for again.
class PolicyServer {
 public:
  /// The clock outlives it.
  explicit PolicyServer(Clock& clock) : clock_(clock) {}

  /// The steps that stand above the rows of the product for this reader, with those of the plan of the scripts, which
  /// is not refused. Nothing: the server refuses it (7344), or what it says cannot be used (7345); reported. Its
  /// expressions become a file of `sources`, to which the steps refer.
  std::optional<std::vector<typed::Step>> steps(const Project& project, const access::Subject& reader,
                                                const typed::Project& scripts, const typed::Relation& product,
                                                const access::ReadPlan& plan, SourceSet& sources, Reporter& reporter);

 private:
  Result<std::string> ask(const std::string& url, const std::string& input);
  Result<OpaRules> rules(const Project& project, const access::Subject& reader, const typed::Relation& product);

  Clock& clock_;
  KeptAnswers kept_;
};

/// Rows that pass all filters, then masks, as steps over the product's row: the parts of what a server says as
/// expressions. An error says which is none. The file is added to `sources`.
struct OpaPlan {
  typed::ExpressionRef filter;  ///< null: every row
  std::vector<typed::MaskRule> masks;
};
Result<OpaPlan> opa_plan(const OpaRules& rules, const typed::Project& scripts, const typed::Relation& product,
                         SourceSet& sources);

}  // namespace braid::cli
