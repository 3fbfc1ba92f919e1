// SQL over the views of a job by HTTP: POST /v1/query, with one statement as the body, or as {"sql": …}.
//
// A statement reads all views as of one epoch, which the answer names. `Accept` chooses the form. The engine is loaded
// when it is first asked for. Any thread; host and clock outlive this.
#pragma once

#include <optional>
#include <vector>

#include "serve/access/reader_rules.h"
#include "serve/http/server.h"
#include "serve/query/running_queries.h"
#include "serve/rest/api.h"

namespace braid::serve {

class QueryApi {
 public:
  /// `products`: in the order of the host's views.
  QueryApi(std::vector<ApiProduct> products, const ViewHost& host, Clock& clock, FindSqlEngine find);

  /// As Api::set_rules: a consumer has the tables that it may read, and in them what it sees.
  void set_rules(ReaderRules& rules) { rules_ = &rules; }
  /// Nothing: the path is another one.
  std::optional<HttpResponse> answer(const HttpRequest& request);

  /// Tables for who asks; null: nobody is asked.
  std::vector<SqlTable> tables(const Consumer* consumer) const;
  /// Statements of all ways in run here.
  RunningQueries& running() { return running_; }
  Result<SqlEngine*> engine() const { return find_(); }

  static constexpr const char* kPath = "/v1/query";
  static constexpr uint64_t kMostText = 64 << 10;       ///< bytes of a statement
  static constexpr int64_t kLongest = 10'000'000;       ///< µs that a statement may run
  static constexpr int64_t kLongestInLine = 5'000'000;  ///< µs that it waits for others

 private:
  HttpResponse begin(const HttpRequest& request, SqlEngine& engine);
  HttpResponse answered(const Result<SqlAnswer, SqlError>& answer, RowForm form, const ViewsAt& at) const;

  std::vector<ApiProduct> products_;
  const ViewHost& host_;
  Clock& clock_;
  FindSqlEngine find_;
  ReaderRules* rules_ = nullptr;  ///< null: all see all
  RunningQueries running_;
};

}  // namespace braid::serve
