// Rows and changes of products as flights. A descriptor, and a ticket too, is a text in the words of REST:
//
//   shop.order                            all rows; shop.order@2 of version 2
//   shop.order/rows?city=Bern&fields=id   some
//   shop.order/changes?from=snapshot      what is committed from there on, without an end
//
// A ticket says nothing that its bearer could not write itself: who calls is asked anew for each call. Immutable; any
// thread. The host, the clock and the SQL engine outlive this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "serve/access/reader_rules.h"
#include "serve/flight/source.h"
#include "serve/query/query_api.h"
#include "serve/rest/api.h"

namespace braid::serve::flight {

using ConsumerPtr = std::shared_ptr<const Consumer>;

class ProductFlights {
 public:
  ProductFlights(const std::vector<ApiProduct>& products, ViewHost& host, Clock& clock,
                 std::function<std::string(const ApiProduct& product)> status, QueryApi& query);

  void set_rules(ReaderRules& rules) { rules_ = &rules; }

  /// FlightInfo of each product for who calls whose name begins with `prefix`.
  Source list(std::string prefix, const ConsumerPtr& consumer) const;
  /// FlightInfo; `descriptor` as the client sent it.
  Source info(const std::string& text, std::string_view descriptor, const ConsumerPtr& consumer) const;
  /// SchemaResult.
  Source schema(const std::string& text, const ConsumerPtr& consumer) const;
  /// FlightData.
  Source get(const std::string& text, const ConsumerPtr& consumer) const;

  /// An IPC stream of all fields of a product, without rows.
  Result<std::string> empty_stream(size_t product) const { return empty_stream({.product = product}, {}, {}); }
  const std::vector<ApiProduct>& products() const { return products_; }
  std::optional<Sight> sight_of(size_t product, const ConsumerPtr& consumer) const;

  static constexpr uint64_t kRowsOfPage = 64 << 10;     ///< that are read at once
  static constexpr uint64_t kBytesOfChanges = 1 << 20;  ///< of a batch of changes, about

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;
  struct Target {
    size_t product = 0;
    bool changes = false;
    std::vector<std::string> key;  ///< of changes
    Query query;
  };
  class Rows;
  class Changes;

  /// Nothing: `problem` says why.
  std::optional<Target> target(const std::string& text, const ConsumerPtr& consumer, Source& problem) const;
  SchemaNotes notes(const ApiProduct& product, const ViewsAt& at) const;
  /// An IPC stream without rows.
  Result<std::string> empty_stream(const Target& target, const std::vector<int>& fields, const ViewsAt& at) const;
  /// That, once it is known that the target can be read.
  Result<std::string> described(const Target& target, const ViewsAt& at) const;
  Result<std::unique_ptr<ColumnWriter>> writer(const ApiProduct& product, bool changes, const std::vector<int>& fields,
                                               const ViewsAt& at) const;

  const std::vector<ApiProduct> products_;
  ViewHost& host_;
  Clock& clock_;
  std::function<std::string(const ApiProduct&)> status_;
  QueryApi& query_;
  ReaderRules* rules_ = nullptr;  ///< null: all see all
};

}  // namespace braid::serve::flight
