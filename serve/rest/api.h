// The products of a job over HTTP: what there is, rows by key and by condition, as JSON.
//
//   GET /v1/products                          the products that are served
//   GET /v1/products/NAME[@VERSION]           one: fields, key, indexes, how far it is
//   GET /v1/products/NAME/rows                rows; `FIELD=value`, `FIELD.ge=value` … choose them
//   GET /v1/products/NAME/rows/KEY[/KEY …]    the row of a key
//   GET /v1/products/NAME/changes[/KEY …]     what each commit changes, as events or by asking again (changes.cpp)
//   GET /v1/openapi.json                      all of that for tools
//
// Each answer is of one epoch, which it names, with the watermark and the state of the product's contract. Errors are
// problems as RFC 9457 has them. Immutable; any thread. The host outlives this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/view/view_host.h"
#include "serve/access/reader_rules.h"
#include "serve/http/server.h"
#include "serve/read/chosen_state.h"
#include "serve/read/read_plan.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve {

/// A product that has a view.
struct ApiProduct {
  std::string domain, name;
  int64_t version = 1;
  std::string doc = {}, owner = {};
  std::vector<Field> row;
  std::vector<std::string> field_docs = {};  ///< of `row`; empty texts where there are none
  std::vector<std::string> key = {};         ///< paths like `window.start`
  std::vector<std::string> indexes = {};     ///< the same, of ViewSpec::indexes
  std::optional<int64_t> keep_us = {};
  bool keyed = false;
  std::string qualified() const { return domain + "." + name; }
};

struct AskedRows;  // asked.h

class Api {
 public:
  /// `products`: in the order of the host's views. `status`: of a product's contract now, like "ok".
  Api(std::vector<ApiProduct> products, ViewHost& host, Clock& clock,
      std::function<std::string(const ApiProduct& product)> status);

  /// From now on a consumer (HttpRequest::consumer) sees what they say; without one nothing is served. They outlive
  /// this. Before the first request.
  void set_rules(ReaderRules& rules) { rules_ = &rules; }
  /// Rows are given as Arrow and Parquet, too. Before the first answer.
  void offer_columns(FindSqlEngine find) { find_engine_ = std::move(find); }
  /// Nothing: the path is not one of these.
  std::optional<HttpResponse> answer(const HttpRequest& request) const;

  static constexpr int64_t kTokenHolds = 60'000'000;   ///< µs for which the epoch of a token is kept
  static constexpr uint64_t kMostRows = 10'000;        ///< of one answer
  static constexpr size_t kMostBytes = 4 << 20;        ///< behind which an answer takes no further row
  static constexpr int64_t kLongestWait = 10'000'000;  ///< µs for `min_epoch`

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;

  HttpResponse list(const HttpRequest& request) const;
  HttpResponse openapi(const HttpRequest& request) const;
  HttpResponse describe(size_t product, const Sight& sight) const;
  HttpResponse rows(size_t product, const Sight& sight, const HttpRequest& request, const Query& query) const;
  HttpResponse row(size_t product, const Sight& sight, const std::vector<std::string>& key, const HttpRequest& request,
                   const Query& query) const;
  HttpResponse changes(size_t product, const std::vector<std::string>& key, const HttpRequest& request,
                       const Query& query) const;
  /// Puts rows into `response` as Arrow or Parquet. Nothing: `response` is the answer.
  std::optional<HttpResponse> rows_in_columns(size_t product, RowForm form, const AskedRows& asked, const Query& query,
                                              const std::shared_ptr<const ViewsState>& state,
                                              HttpResponse& response) const;
  /// Nothing: as if there were no such product.
  std::optional<Sight> sight_of(size_t product, const HttpRequest& request) const;
  std::optional<size_t> find(const std::string& name, const HttpRequest& request) const;
  std::string head(const ApiProduct& product, const ViewsAt& at) const;
  void set_headers(const ApiProduct& product, const ViewsAt& at, HttpResponse& response) const;

  std::vector<ApiProduct> products_;
  ViewHost& host_;
  Clock& clock_;
  std::function<std::string(const ApiProduct&)> status_;
  ReaderRules* rules_ = nullptr;  ///< null: all see all
  FindSqlEngine find_engine_;
};

/// A problem as RFC 9457 has it.
HttpResponse http_problem(int status, const std::string& title, const std::string& detail);
/// Of a read that failed.
HttpResponse problem_of(const Error& error);
HttpResponse problem_of(const NoState& none);
/// `Braid-Epoch` and the like: of what an answer is. `status`: of the product's contract.
void set_product_headers(const ApiProduct& product, const ViewsAt& at, const std::string& status,
                         HttpResponse& response);
/// An OpenAPI 3.1 document.
std::string openapi_of(const std::vector<ApiProduct>& products);

}  // namespace braid::serve
