// The answer for a collection: rows of an entity set, their number, or what $apply makes of them.
//
// It is made in steps of bounded work, all of one epoch. A page in the order in which rows lie needs one step, mostly;
// counting, sorting and aggregating look at all rows that the filter leaves, and take as many steps as that needs, up
// to kMostLookedAtInAll. Between steps nothing of the store is held.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "serve/odata/answers.h"
#include "serve/odata/grouping.h"
#include "serve/odata/options.h"
#include "serve/odata/selection.h"
#include "serve/odata/sorted_rows.h"

namespace braid::serve::odata {

inline constexpr uint64_t kRowsOfPage = 5'000;  ///< without `Prefer: odata.maxpagesize`
inline constexpr uint64_t kMostRowsOfPage = 10'000;
inline constexpr size_t kMostBytesOfPage = 4 << 20;  ///< behind which a page takes no further row
inline constexpr uint64_t kMostLookedAtInAll = 20'000'000;
inline constexpr uint64_t kMostSkippedSorted = 100'000;  ///< of rows that are sorted for the answer
inline constexpr size_t kLongestToken = 5'000;           ///< bytes, so that a link fits into a request

struct CollectionRequest {
  const EntitySet* set = nullptr;
  Asked asked;
  Sight sight = {};  ///< of the reader
  Form form;
  std::string root;           ///< address of the service
  std::string without_token;  ///< the query
  bool only_count = false;    ///< /$count
  uint64_t rows_of_page = kRowsOfPage;
  bool page_size_asked = false;  ///< by the client
  bool push = true;              ///< false, for tests: the filter is evaluated row by row
};

class CollectionAnswer {
 public:
  CollectionAnswer(CollectionRequest request, const Serving& serving);
  /// Goes on; nothing: there is more to do.
  std::optional<HttpResponse> step();

 private:
  enum class Phase : uint8_t { begin, count, page, sort, group };

  std::optional<HttpResponse> begin(const ViewReader& reader);
  std::vector<int> columns() const;
  /// For the reader: a position that may be that of a row which it does not see.
  std::string sealed(const std::string& position) const;
  void plan_order(const ViewLayout& layout);
  bool plan_natural_order(const ViewLayout& layout);
  void keep_order_of_key(const ViewLayout& layout);
  /// One read. False: failed_ says why.
  bool look(const ViewReader& reader, const TakeRow& take);
  bool chosen(const RowOf& row);
  std::optional<HttpResponse> count(const ViewReader& reader);
  std::optional<HttpResponse> page(const ViewReader& reader);
  std::optional<HttpResponse> sort(const ViewReader& reader);
  std::optional<HttpResponse> group(const ViewReader& reader);
  std::optional<HttpResponse> finish_sorted(const ViewReader& reader);
  std::optional<HttpResponse> finish_groups();
  bool run_stage(const Stage& stage, Table& table);
  bool sort_table(Table& table);
  HttpResponse whole(const std::optional<PageToken>& next);
  HttpResponse failed() { return error_answer(*failed_); }
  bool fails(Wrong wrong) {
    failed_ = std::move(wrong);
    return false;
  }

  CollectionRequest request_;
  const Serving& serving_;
  Phase phase_ = Phase::begin;
  ViewsAt at_;
  std::vector<const Node*> filters_;
  Selection selection_;
  ReadPlan plan_;
  std::string behind_at_first_;
  Evaluator evaluator_;
  std::optional<Wrong> failed_;
  // Of the read that runs.
  std::string row_id_, key_, position_;
  uint64_t rows_of_read_ = 0, most_rows_of_read_ = 0;
  bool all_read_ = false;
  uint64_t looked_at_ = 0;
  uint64_t steps_ = 0;
  // Of the answer.
  uint64_t found_ = 0;  ///< rows that the filter leaves
  std::optional<uint64_t> total_;
  uint64_t top_ = UINT64_MAX, skip_ = 0;
  uint64_t rows_ = 0;
  std::string body_;
  std::string last_position_;
  bool is_full_ = false;
  std::optional<SortedRows> sorted_;
  std::optional<Grouping> grouping_;
  size_t first_grouping_ = 0;
  std::optional<RowWriter> writer_;
};

}  // namespace braid::serve::odata
