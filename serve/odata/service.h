// The products of a job over OData version 4, for spreadsheets and BI: read only.
//
//   GET /odata                        the service document
//   GET /odata/$metadata              the model: CSDL as XML, with $format=json as JSON
//   GET /odata/SET                    rows: $filter $select $orderby $top $skip $count $apply $skiptoken $format
//   GET /odata/SET/$count             how many
//   GET /odata/SET(KEY)               a row, and behind it /PROPERTY, /PROPERTY/$value, /PROPERTY/$count
//   GET /odata/flat/…                 the same, with structs taken apart and lists as texts
//
// Each answer is of one epoch, and so are all pages of one. What OData has and this does not is 501, what nobody knows
// 400, in the form of OData. Any thread. The host outlives this.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/access/reader_rules.h"
#include "serve/http/server.h"
#include "serve/rest/api.h"

namespace braid::serve::odata {

class Model;
struct EntitySet;
struct CollectionRequest;
struct Serving;

class Service {
 public:
  static constexpr std::string_view kRoot = "/odata";
  static constexpr std::string_view kFlatRoot = "/odata/flat";
  /// Answers that look at all rows, at once; further ones are 503.
  static constexpr int kMostWorking = 16;

  /// `products`: in the order of the host's views. `status`: of a product's contract now, like "ok".
  Service(std::vector<ApiProduct> products, ViewHost& host, Clock& clock,
          std::function<std::string(const ApiProduct& product)> status);
  Service(const Service&) = delete;
  ~Service();

  /// From now on a consumer (HttpRequest::consumer) sees what they say; without one nothing is served. They outlive
  /// this. Before the first request.
  void set_rules(ReaderRules& rules) { rules_ = &rules; }
  /// Nothing: the path is not one of these.
  std::optional<HttpResponse> answer(const HttpRequest& request) const;

 private:
  HttpResponse answer(const HttpRequest& request, const Model& model, std::string_view root) const;
  HttpResponse collect(CollectionRequest request) const;
  /// Nothing: as if there were no such product.
  std::optional<Sight> sight_of(size_t view, const HttpRequest& request) const;
  /// Those that the reader may read.
  std::vector<const EntitySet*> sets_of(const Model& model, const HttpRequest& request) const;

  std::vector<ApiProduct> products_;
  std::unique_ptr<Serving> serving_;
  ReaderRules* rules_ = nullptr;  ///< null: all see all
  std::unique_ptr<Model> model_, flat_model_;
  /// Answers that are being worked at; shared with them.
  std::shared_ptr<std::atomic<int>> working_;
};

}  // namespace braid::serve::odata
