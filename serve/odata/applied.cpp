// Of a collection with $apply: rows of the view into groups, and groups through the stages behind.
#include <numeric>

#include "serve/odata/collection.h"

namespace braid::serve::odata {

std::optional<HttpResponse> CollectionAnswer::group(const ViewReader& reader) {
  const bool looked = look(reader, [&](const Slot* slots, const ViewStamp&) {
    const RowOf row{slots, row_id_};
    if (!chosen(row)) return true;
    return grouping_->add(row) || fails(wrong(grouping_->fault()));
  });
  if (!looked) return failed();
  return all_read_ ? finish_groups() : std::nullopt;
}

bool CollectionAnswer::run_stage(const Stage& stage, Table& table) {
  std::vector<Slot> slots(table.layout->leaves());
  Arena arena;
  Table kept{.shape = table.shape, .layout = table.layout, .rows = {}};
  std::optional<Grouping> grouping;
  if (!stage.filter) grouping.emplace(stage);
  for (std::string& row : table.rows) {
    arena.reset();
    evaluator_.reset();
    table.layout->decode(row, slots.data(), arena);
    if (grouping) {
      if (!grouping->add({slots.data(), {}})) return fails(wrong(grouping->fault()));
      continue;
    }
    const bool holds = evaluator_.holds(*stage.filter, {slots.data(), {}});
    if (evaluator_.fault() != nullptr) return fails(wrong(evaluator_.fault()));
    if (holds) kept.rows.push_back(std::move(row));
  }
  if (grouping) {
    std::optional<Table> made = grouping->finish();
    if (!made) return fails(wrong(grouping->fault()));
    kept = *std::move(made);
  }
  table = std::move(kept);
  return true;
}

bool CollectionAnswer::sort_table(Table& table) {
  if (request_.asked.order.empty()) return true;
  std::vector<std::string> orders(table.rows.size());
  std::vector<Slot> slots(table.layout->leaves());
  Arena arena;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    arena.reset();
    evaluator_.reset();
    table.layout->decode(table.rows[i], slots.data(), arena);
    append_order(request_.asked.order, evaluator_, {slots.data(), {}}, orders[i]);
    if (evaluator_.fault() != nullptr) return fails(wrong(evaluator_.fault()));
  }
  std::vector<size_t> places(table.rows.size());
  std::iota(places.begin(), places.end(), size_t{0});
  // Rows that are equal stay in the order of their groups.
  std::sort(places.begin(), places.end(), [&](size_t a, size_t b) {
    const int order = orders[a].compare(orders[b]);
    return order != 0 ? order < 0 : a < b;
  });
  std::vector<std::string> sorted;
  sorted.reserve(places.size());
  for (const size_t place : places) sorted.push_back(std::move(table.rows[place]));
  table.rows = std::move(sorted);
  return true;
}

std::optional<HttpResponse> CollectionAnswer::finish_groups() {
  const Asked& asked = request_.asked;
  std::optional<Table> table = grouping_->finish();
  if (!table) return error_answer(wrong(grouping_->fault()));
  for (size_t i = first_grouping_ + 1; i < asked.apply.size(); ++i)
    if (!run_stage(asked.apply[i], *table)) return failed();
  if (asked.filter) {
    Stage last;
    // The filter of the query, seen as a stage for a moment.
    last.filter = std::move(request_.asked.filter);
    const bool ran = run_stage(last, *table);
    request_.asked.filter = std::move(last.filter);
    if (!ran) return failed();
  }
  if (asked.count && !asked.token) total_ = table->rows.size();
  if (!sort_table(*table)) return failed();
  std::vector<Slot> slots(table->layout->leaves());
  Arena arena;
  size_t next = std::min<size_t>(skip_, table->rows.size());
  for (; next < table->rows.size() && rows_ < top_ && rows_ < request_.rows_of_page; ++next) {
    if (rows_ > 0 && body_.size() >= kMostBytesOfPage) break;
    arena.reset();
    table->layout->decode(table->rows[next], slots.data(), arena);
    if (rows_ > 0) body_ += ',';
    writer_->append({slots.data(), {}}, body_);
    ++rows_;
  }
  is_full_ = rows_ < top_ && next < table->rows.size();
  if (!is_full_) return whole(std::nullopt);
  PageToken token{.epoch = at_.epoch, .skip = next};
  if (top_ != UINT64_MAX) token.top = top_ - rows_;
  return whole(token);
}

}  // namespace braid::serve::odata
