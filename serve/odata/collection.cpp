#include "serve/odata/collection.h"

#include "runtime/data/key_bytes.h"
#include "serve/http/query.h"

namespace braid::serve::odata {
namespace {

/// Parts of expressions that one step evaluates, about.
constexpr uint64_t kMostEvaluated = 20'000'000;
/// Steps of a page that finds few rows, before it is given with a link to the next one.
constexpr uint64_t kMostStepsOfPage = 10;

bool is_one_of(const std::vector<std::vector<int>>& paths, const std::vector<int>& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

Wrong of_error(const Error& error) {
  if (error.kind == ErrorKind::input) return wrong("`$skiptoken` is that of an `@odata.nextLink`, of the same reader");
  return {500, fmt::format("the view cannot be read: {}", error.message)};
}

}  // namespace

CollectionAnswer::CollectionAnswer(CollectionRequest request, const Serving& serving)
    : request_(std::move(request)), serving_(serving) {
  const Asked& asked = request_.asked;
  top_ = asked.top.value_or(UINT64_MAX);
  skip_ = asked.skip;
  if (asked.token) {
    top_ = asked.token->top;
    skip_ = asked.token->skip;
    behind_at_first_ = asked.token->behind;
  }
}

std::optional<HttpResponse> CollectionAnswer::step() {
  const Asked& asked = request_.asked;
  std::shared_ptr<const ViewsState> state;
  if (phase_ == Phase::begin) {
    ChosenState found = asked.token ? kept_state(serving_.host, asked.token->epoch, "$skiptoken")
                                    : newest_state(serving_.host, asked.time.min_epoch);
    if (!found.ok()) return error_answer(wrong_of(found.error()));
    state = *std::move(found);
  } else {
    state = serving_.host.at_epoch(at_.epoch);
    if (!state) return error_answer({503, "the rows of this epoch are not kept any more; ask again"});
  }
  const ViewReader reader(state, request_.set->view);
  if (phase_ == Phase::begin) {
    at_ = state->at;
    if (std::optional<HttpResponse> refused = begin(reader)) return refused;
  }
  ++steps_;
  std::optional<HttpResponse> made;
  switch (phase_) {
    case Phase::begin:
      break;
    case Phase::count:
      made = count(reader);
      break;
    case Phase::page:
      made = page(reader);
      break;
    case Phase::sort:
      made = sort(reader);
      break;
    case Phase::group:
      made = group(reader);
      break;
  }
  if (!made || is_full_) serving_.host.keep(state, serving_.clock.steady_us() + kTokenHolds);
  return made;
}

std::optional<HttpResponse> CollectionAnswer::begin(const ViewReader& reader) {
  Asked& asked = request_.asked;
  const Stage* grouping = asked.last_grouping();
  for (const Stage& stage : asked.apply) {
    if (!stage.filter) break;
    filters_.push_back(stage.filter.get());
  }
  first_grouping_ = filters_.size();
  if (grouping == nullptr && asked.filter) filters_.push_back(asked.filter.get());
  selection_ = select_rows(filters_, request_.push);
  plan_.as_of = asked.time.as_of;
  plan_.limit = UINT64_MAX;
  plan_.sight = request_.sight;
  plan_.columns = columns();
  plan_.behind = behind_at_first_;
  const Shape& shape = grouping == nullptr ? request_.set->shape : grouping->gives;
  writer_.emplace(shape, grouping == nullptr ? request_.set : nullptr, asked.select, request_.form);
  if (grouping != nullptr) {
    phase_ = Phase::group;
    plan_.behind.clear();
    grouping_.emplace(asked.apply[first_grouping_]);
  } else {
    phase_ = Phase::page;
    plan_order(reader.layout());
    if (request_.only_count || (phase_ == Phase::page && asked.count && !asked.token)) phase_ = Phase::count;
  }
  if (failed_) return failed();
  if (phase_ == Phase::sort && skip_ > kMostSkippedSorted)
    return error_answer(
        wrong(fmt::format("of rows that are sorted for the answer at most {} are passed over; sort by "
                          "the key or by an index, or use a filter",
                          kMostSkippedSorted)));
  plan_.where = selection_.pushed;
  most_rows_of_read_ = std::max<uint64_t>(1'000, kMostEvaluated / (1 + selection_.nodes()));
  const Result<std::optional<Refusal>> refusal = refuse(plan_, reader);
  if (!refusal.ok()) return error_answer(of_error(refusal.error()));
  if (*refusal) return error_answer({(*refusal)->gone ? 410 : 400, (*refusal)->reason});
  return std::nullopt;
}

std::vector<int> CollectionAnswer::columns() const {
  const Asked& asked = request_.asked;
  std::set<int> made;
  for (const Node* each : filters_) add_columns(*each, made);
  if (asked.last_grouping() == nullptr) {
    const std::vector<Property>& properties = request_.set->shape.properties;
    for (const Order& each : asked.order) add_columns(*each.by, made);
    for (size_t i = 0; i < properties.size() && !request_.only_count; ++i)
      if (!properties[i].is_row_id() &&
          (asked.select.empty() || std::find(asked.select.begin(), asked.select.end(), i) != asked.select.end()))
        made.insert(properties[i].path.front());
  } else {
    const Stage& first = asked.apply[first_grouping_];
    for (const Resolved& each : first.by) made.insert(each.path.front());
    for (const Aggregate& each : first.aggregates)
      if (each.of) add_columns(*each.of, made);
  }
  return {made.begin(), made.end()};
}

std::string CollectionAnswer::sealed(const std::string& position) const {
  return request_.sight.rows == nullptr ? position : request_.sight.rows->seal(position);
}

void CollectionAnswer::plan_order(const ViewLayout& layout) {
  if (request_.only_count || request_.asked.order.empty() || plan_natural_order(layout)) return;
  phase_ = Phase::sort;
  plan_.behind.clear();
  const uint64_t rows = std::min(top_, request_.rows_of_page);
  std::string behind = behind_at_first_;
  if (request_.sight.rows != nullptr && !behind.empty()) {
    std::optional<std::string> unsealed = request_.sight.rows->unseal(behind);
    if (!unsealed) failed_ = wrong("`$skiptoken` is that of an `@odata.nextLink`, of the same reader");
    behind = std::move(unsealed).value_or("");
  }
  sorted_.emplace(rows + std::min(skip_, kMostSkippedSorted), std::move(behind));
}

bool CollectionAnswer::plan_natural_order(const ViewLayout& layout) {
  std::vector<std::vector<int>> paths;
  const std::vector<Order>& order = request_.asked.order;
  for (const Order& each : order) {
    // Null is above all in a view, and below all in OData.
    // What is masked has no order in which its rows lie.
    const bool natural = each.by->op == Node::Op::field && !is_masked(request_.sight, each.by->path) &&
                         !is_optional(each.by->place.type) && each.descending == order.front().descending;
    if (!natural) return false;
    paths.push_back(each.by->path);
  }
  const bool of_key = layout.is_keyed() && paths.size() <= layout.key_paths().size() &&
                      std::equal(paths.begin(), paths.end(), layout.key_paths().begin());
  const bool of_time =
      !layout.is_keyed() && paths.size() == 1 && layout.spec().time == paths[0] && layout.spec().time_offset_us == 0;
  plan_.descending = order.front().descending;
  if (of_key || of_time) {
    keep_order_of_key(layout);
    return true;
  }
  for (size_t index = 0; index < layout.indexes().size(); ++index) {
    if (layout.index_paths(index) != paths || (layout.is_keyed() && !plan_.as_of.is_now())) continue;
    plan_.by_index = index;
    return true;
  }
  plan_.descending = false;
  return false;
}

/// A read goes by an index where a condition is about one. Its rows come in the order of the key, or of time, only if
/// the condition leaves one value of the index.
void CollectionAnswer::keep_order_of_key(const ViewLayout& layout) {
  for (size_t i = selection_.pushed.size(); i-- > 0;) {
    const Condition& condition = selection_.pushed[i];
    bool disturbs = false;
    for (size_t index = 0; index < layout.indexes().size(); ++index) {
      const auto& paths = layout.index_paths(index);
      disturbs =
          disturbs || (is_one_of(paths, condition.path) && (paths.size() > 1 || condition.op != Condition::Op::eq));
    }
    const bool of_key = layout.is_keyed() && is_one_of(layout.key_paths(), condition.path);
    if (disturbs && !of_key) selection_.take_back(i);
  }
}

bool CollectionAnswer::look(const ViewReader& reader, const TakeRow& take) {
  plan_.at_row = [this](std::string_view key, const std::string& position) {
    key_ = key;
    position_ = position;
    if (request_.set->has_row_id()) row_id_ = base64_url(sealed(key_));
  };
  rows_of_read_ = 0;
  const Result<ReadResult> result = read(plan_, reader, [&](const Slot* slots, const ViewStamp& stamp) {
    evaluator_.reset();
    return take(slots, stamp) && !failed_ && ++rows_of_read_ < most_rows_of_read_;
  });
  if (!result.ok()) return fails(of_error(result.error()));
  if (failed_) return false;
  looked_at_ += result->looked_at;
  all_read_ = !result->more;
  plan_.behind = result->position;
  if (!all_read_ && looked_at_ > kMostLookedAtInAll)
    return fails(
        wrong(fmt::format("the answer needs more than {} rows to be looked at; use a filter by the key or by an "
                          "index",
                          kMostLookedAtInAll)));
  return true;
}

bool CollectionAnswer::chosen(const RowOf& row) {
  for (const Node* each : selection_.rest) {
    const bool holds = evaluator_.holds(*each, row);
    if (evaluator_.fault() != nullptr) return fails(wrong(evaluator_.fault()));
    if (!holds) return false;
  }
  return true;
}

std::optional<HttpResponse> CollectionAnswer::count(const ViewReader& reader) {
  const bool looked = look(reader, [&](const Slot* slots, const ViewStamp&) {
    if (chosen({slots, row_id_})) ++found_;
    return true;
  });
  if (!looked) return failed();
  if (!all_read_) return std::nullopt;
  if (request_.only_count) {
    HttpResponse made = answer_of("text/plain;charset=utf-8", std::to_string(found_));
    set_product_headers(*request_.set->product, at_, serving_.status(*request_.set->product), made);
    return made;
  }
  total_ = found_;
  found_ = 0;
  phase_ = Phase::page;
  plan_.behind = behind_at_first_;
  steps_ = 0;
  looked_at_ = 0;
  return std::nullopt;
}

std::optional<HttpResponse> CollectionAnswer::page(const ViewReader& reader) {
  if (top_ == 0) return whole(std::nullopt);
  const bool looked = look(reader, [&](const Slot* slots, const ViewStamp&) {
    const RowOf row{slots, row_id_};
    if (!chosen(row)) return true;
    is_full_ = rows_ >= request_.rows_of_page || (rows_ > 0 && body_.size() >= kMostBytesOfPage);
    if (is_full_) return false;
    last_position_ = position_;
    if (skip_ > 0) {
      --skip_;
      return true;
    }
    if (rows_ > 0) body_ += ',';
    writer_->append(row, body_);
    ++rows_;
    return rows_ < top_;
  });
  if (!looked) return failed();
  if (rows_ == top_ || (all_read_ && !is_full_)) return whole(std::nullopt);
  if (!is_full_ && steps_ < kMostStepsOfPage) return std::nullopt;
  PageToken next{.epoch = at_.epoch, .skip = skip_, .behind = is_full_ ? sealed(last_position_) : plan_.behind};
  if (top_ != UINT64_MAX) next.top = top_ - rows_;
  is_full_ = true;
  return whole(next);
}

std::optional<HttpResponse> CollectionAnswer::sort(const ViewReader& reader) {
  std::string order;
  const bool looked = look(reader, [&](const Slot* slots, const ViewStamp&) {
    const RowOf row{slots, row_id_};
    if (!chosen(row)) return true;
    ++found_;
    order.clear();
    append_order(request_.asked.order, evaluator_, row, order);
    if (evaluator_.fault() != nullptr) return fails(wrong(evaluator_.fault()));
    order += key_;
    if (!sorted_->wants(order)) {
      sorted_->note_unwanted(order);
      return true;
    }
    SortedRows::Row kept{.order = order, .row_id = row_id_, .bytes = {}};
    reader.layout().rows().encode(slots, kept.bytes);
    return sorted_->add(std::move(kept)) || fails(wrong("rows to be sorted for a page are larger than 64 MB; ask for a "
                                                        "smaller page, or sort by the key or by an index"));
  });
  if (!looked) return failed();
  return all_read_ ? finish_sorted(reader) : std::nullopt;
}

std::optional<HttpResponse> CollectionAnswer::finish_sorted(const ViewReader& reader) {
  if (request_.asked.count && !request_.asked.token) total_ = found_;
  const bool has_more = sorted_->has_more();
  const std::vector<SortedRows::Row> rows = sorted_->take();
  const RowLayout& layout = reader.layout().rows();
  std::vector<Slot> slots(layout.leaves());
  Arena arena;
  size_t next = std::min<size_t>(skip_, rows.size());
  skip_ -= next;
  for (; next < rows.size() && rows_ < top_ && rows_ < request_.rows_of_page; ++next) {
    if (rows_ > 0 && body_.size() >= kMostBytesOfPage) break;
    arena.reset();
    layout.decode(rows[next].bytes, slots.data(), arena);
    if (rows_ > 0) body_ += ',';
    writer_->append({slots.data(), rows[next].row_id}, body_);
    ++rows_;
  }
  is_full_ = rows_ < top_ && (next < rows.size() || has_more) && next > 0;
  if (!is_full_) return whole(std::nullopt);
  PageToken token{.epoch = at_.epoch, .skip = skip_, .behind = sealed(rows[next - 1].order)};
  if (top_ != UINT64_MAX) token.top = top_ - rows_;
  return whole(token);
}

HttpResponse CollectionAnswer::whole(const std::optional<PageToken>& next) {
  const EntitySet& set = *request_.set;
  const Asked& asked = request_.asked;
  std::string link;
  if (next) {
    PageToken token = *next;
    token.digest = key_hash(fmt::format("{}?{}", set.name, request_.without_token));
    const std::string text = token.text();
    if (text.size() > kLongestToken)
      return error_answer(
          wrong("the rows are sorted by values that are too long for a link to the next page; use `$top`"));
    link = fmt::format("{}/{}?{}{}$skiptoken={}", request_.root, set.name, request_.without_token,
                       request_.without_token.empty() ? "" : "&", text);
  }
  std::string made = "{";
  if (request_.form.metadata != Form::Metadata::none) {
    std::string columns = asked.select_text;
    const Stage* grouping = asked.last_grouping();
    if (grouping != nullptr && columns.empty())
      for (const Property& property : grouping->gives.properties)
        columns += (columns.empty() ? "" : ",") + property.name;
    made += fmt::format("\"@odata.context\":{},", json_string(fmt::format("{}/$metadata#{}{}", request_.root, set.name,
                                                                          columns.empty() ? "" : "(" + columns + ")")));
  }
  if (total_)
    made += request_.form.numbers_as_text ? fmt::format("\"@odata.count\":\"{}\",", *total_)
                                          : fmt::format("\"@odata.count\":{},", *total_);
  made.append("\"value\":[").append(body_).append("]");
  if (!link.empty()) made += ",\"@odata.nextLink\":" + json_string(link);
  HttpResponse response = answer_of(request_.form.content_type(), made + "}\n");
  set_product_headers(*set.product, at_, serving_.status(*set.product), response);
  if (request_.page_size_asked)
    response.headers.emplace_back("Preference-Applied", fmt::format("odata.maxpagesize={}", request_.rows_of_page));
  return response;
}

}  // namespace braid::serve::odata
