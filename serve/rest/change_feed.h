// A product as somebody follows it: where it is, and what comes next, as JSON. Internal to the folder.
//
// A feed begins at a place, perhaps with a snapshot of the rows as they are, and goes on as far as the job has
// committed. Its token is where it is, behind the last item that was told; with it another feed of the same product and
// conditions goes on. A feed belongs to one thread at a time, but for ready() while it is idle.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serve/read/change_read.h"
#include "serve/rest/api.h"
#include "serve/rest/row_text.h"

namespace braid::serve {

/// Whose changes, and for whom. All that it names outlives the feed.
struct FeedSource {
  const ApiProduct& product;
  size_t view;
  ViewHost& host;
  Clock& clock;
  /// What the reader sees now; nothing: not this product, any more.
  std::function<std::optional<Sight>()> sight;
  std::function<std::string()> status;  ///< of the product's contract
};

/// What a request asks for.
struct AskedChanges {
  std::vector<Condition> where = {};
  std::vector<int> fields = {};  ///< of the row, in the order asked for; empty: all
  uint64_t digest = 0;           ///< of both: a token holds for them
  /// Where it begins; `token` before the others.
  enum class From : uint8_t { now, first, snapshot, epoch } from = From::now;
  uint64_t epoch = 0;  ///< with From::epoch: behind it
  std::optional<std::string> token = {};
  int64_t wait_us = 0;
  std::optional<uint64_t> limit = {};
};

/// Of the query of a request, `key` from its path; or what is wrong. `last`: a place that comes apart from the query;
/// empty: none.
Result<AskedChanges> read_changes_query(const ApiProduct& product, const std::vector<std::string>& key,
                                        const std::vector<std::pair<std::string, std::string>>& query,
                                        std::string_view last);

class ChangeFeed {
 public:
  ChangeFeed(FeedSource source, AskedChanges asked);

  /// Finds its place. A problem: there is none.
  std::optional<HttpResponse> begin();

  /// Takes an item, `name` is its "change". False: no more of them for now.
  using Take = std::function<bool(std::string_view name, std::string_view json)>;
  enum class Round : uint8_t {
    more,
    idle,  ///< all that is committed has been told
    ended  ///< it cannot go on: problem()
  };
  Round next(const Take& take);
  /// The same without JSON, for ways in that have forms of their own. The row lives for the call; the place behind it
  /// is token().
  struct Item {
    enum class Is : uint8_t { snapshot, put, gone, commit } is = Is::put;
    uint64_t epoch = 0;
    const Slot* row = nullptr;      ///< put, gone: as it was
    int64_t watermark = INT64_MIN;  ///< snapshot, commit
  };
  using TakeItem = std::function<bool(const Item& item)>;
  Round next_item(const TakeItem& take);

  /// Whether next() may have something. Any thread, while nobody calls another function.
  bool ready() const;
  /// It has been idle: what was committed meanwhile had nothing for it.
  void skip();

  std::string token() const;
  const HttpResponse& problem() const { return problem_; }

 private:
  struct Position {
    uint64_t era = 0;
    ChangePlace place;                    ///< of a snapshot its epoch
    std::optional<std::string> row = {};  ///< of a snapshot: its position
  };
  class Telling;

  std::optional<HttpResponse> read_token(const std::string& token);
  /// Nothing: the place can be read.
  std::optional<HttpResponse> refuse(const std::shared_ptr<const ViewsState>& state) const;
  /// What the reader sees, as of now, into the plan.
  std::optional<HttpResponse> look();
  Round tell_changes(const std::shared_ptr<const ViewsState>& state, const TakeItem& take);
  Round tell_rows(const TakeItem& take);
  Round end(HttpResponse problem);
  void append_json(const Item& item, std::string& out) const;

  FeedSource source_;
  AskedChanges asked_;
  ChangePlan plan_;
  uint64_t form_ = 0;  ///< of what the reader sees
  RowText rows_;
  KeyText keys_;
  Position at_;
  bool told_ = false;  ///< something of the epoch that has not ended
  HttpResponse problem_;
};

}  // namespace braid::serve
