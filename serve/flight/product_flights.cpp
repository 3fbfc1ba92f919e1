#include "serve/flight/product_flights.h"

#include <cstring>
#include <deque>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"
#include "serve/flight/flight_wire.h"
#include "serve/grpc/message_reader.h"
#include "serve/http/query.h"
#include "serve/rest/asked.h"
#include "serve/rest/change_feed.h"

namespace braid::serve::flight {
namespace {

/// Columns of changes before those of the product.
std::vector<Field> change_columns() {
  return {{"braid_change", string_type()}, {"braid_epoch", int_type()}, {"braid_token", string_type()}};
}
constexpr size_t kChangeLeaves = 3;

std::string instant_text(int64_t time) {
  return time == INT64_MIN || time == INT64_MAX ? std::string() : timestamp_text(time);
}

Source ends(GrpcPart part) {
  return [part = std::move(part)] { return part; };
}

std::string query_text(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string made;
  for (const auto& [name, value] : query)
    made.append(made.empty() ? "?" : "&").append(percent_encoded(name)).append("=").append(percent_encoded(value));
  return made;
}

}  // namespace

ProductFlights::ProductFlights(const std::vector<ApiProduct>& products, ViewHost& host, Clock& clock,
                               std::function<std::string(const ApiProduct& product)> status, QueryApi& query)
    : products_(products), host_(host), clock_(clock), status_(std::move(status)), query_(query) {}

std::optional<Sight> ProductFlights::sight_of(size_t product, const ConsumerPtr& consumer) const {
  if (rules_ == nullptr) return Sight();
  return consumer == nullptr ? std::nullopt : rules_->sight(product, *consumer);
}

std::optional<ProductFlights::Target> ProductFlights::target(const std::string& text, const ConsumerPtr& consumer,
                                                             Source& problem) const {
  const size_t mark = std::min(text.find('?'), text.size());
  const auto parts = path_parts("/" + text.substr(0, mark));
  auto query = query_parts(mark < text.size() ? std::string_view(text).substr(mark + 1) : std::string_view());
  const bool is_text = parts && !parts->empty() && query;
  if (!is_text || (parts->size() > 1 && parts->at(1) != "changes" && (parts->at(1) != "rows" || parts->size() > 2))) {
    problem = wrong(
        "a flight is `DOMAIN.PRODUCT`, with `/rows` or `/changes` and a query behind it, or a command of Flight SQL");
    return std::nullopt;
  }
  const std::string& name = parts->front();
  std::optional<size_t> found;
  for (size_t i = 0; i < products_.size(); ++i) {
    const ApiProduct& product = products_[i];
    const bool newest = name == product.qualified();
    if (!newest && name != fmt::format("{}@{}", product.qualified(), product.version)) continue;
    if ((!found || products_[*found].version < product.version) && sight_of(i, consumer)) found = i;
  }
  if (!found) {
    problem = fails(GrpcStatus::not_found, fmt::format("no product `{}` is served", name));
    return std::nullopt;
  }
  Target made{.product = *found, .changes = parts->size() > 1 && parts->at(1) == "changes", .query = *std::move(query)};
  if (made.changes) made.key.assign(parts->begin() + 2, parts->end());
  return made;
}

SchemaNotes ProductFlights::notes(const ApiProduct& product, const ViewsAt& at) const {
  SchemaNotes made{{"braid.product", product.qualified()},
                   {"braid.version", std::to_string(product.version)},
                   {"braid.epoch", std::to_string(at.epoch)},
                   {"braid.status", status_(product)}};
  if (const std::string watermark = instant_text(at.watermark); !watermark.empty())
    made.emplace_back("braid.watermark", watermark);
  return made;
}

Result<std::unique_ptr<ColumnWriter>> ProductFlights::writer(const ApiProduct& product, bool changes,
                                                             const std::vector<int>& fields, const ViewsAt& at) const {
  BRAID_ASSIGN(SqlEngine* const engine, query_.engine());
  std::vector<Field> row = changes ? change_columns() : std::vector<Field>();
  const int first = static_cast<int>(row.size());
  row.insert(row.end(), product.row.begin(), product.row.end());
  std::vector<int> shown;
  for (int i = 0; i < first; ++i) shown.push_back(i);
  for (const int field : fields) shown.push_back(first + field);
  if (fields.empty())
    for (int i = first; i < static_cast<int>(row.size()); ++i) shown.push_back(i);
  return engine->columns(row, shown, RowForm::arrow, notes(product, at));
}

Result<std::string> ProductFlights::empty_stream(const Target& target, const std::vector<int>& fields,
                                                 const ViewsAt& at) const {
  BRAID_ASSIGN(const std::unique_ptr<ColumnWriter> columns,
               writer(products_[target.product], target.changes, fields, at));
  return columns->finish();
}

Result<std::string> ProductFlights::described(const Target& target, const ViewsAt& at) const {
  const ApiProduct& product = products_[target.product];
  if (target.changes) {
    BRAID_ASSIGN(const AskedChanges asked, read_changes_query(product, target.key, target.query, ""));
    return empty_stream(target, asked.fields, at);
  }
  BRAID_ASSIGN(const AskedRows asked, read_query(product, target.query, false));
  return empty_stream(target, asked.fields, at);
}

Source ProductFlights::list(std::string prefix, const ConsumerPtr& consumer) const {
  return [this, prefix = std::move(prefix), consumer, next = size_t{0}]() mutable {
    for (; next < products_.size(); ++next) {
      const ApiProduct& product = products_[next];
      if (!product.qualified().starts_with(prefix) || !sight_of(next, consumer)) continue;
      const ChosenState now = newest_state(host_);
      if (!now.ok()) return end_of(now.error());
      const Result<std::string> stream = empty_stream({.product = next}, {}, (*now)->at);
      if (!stream.ok()) return end_of(stream.error());
      const std::string name = fmt::format("{}@{}", product.qualified(), product.version);
      std::string descriptor;
      append_number(descriptor, 1, 1);
      append_sized(descriptor, 3, name);
      ++next;
      return GrpcPart::message(flight_info(schema_of(*stream), descriptor, name));
    }
    return GrpcPart::end();
  };
}

Source ProductFlights::info(const std::string& text, std::string_view descriptor, const ConsumerPtr& consumer) const {
  Source problem;
  std::optional<Target> asked = target(text, consumer, problem);
  if (!asked) return problem;
  const ChosenState now = newest_state(host_);
  if (!now.ok()) return ends(end_of(now.error()));
  const Result<std::string> stream = described(*asked, (*now)->at);
  if (!stream.ok()) return ends(end_of(stream.error()));
  const ApiProduct& product = products_[asked->product];
  std::string ticket =
      fmt::format("{}@{}/{}", product.qualified(), product.version, asked->changes ? "changes" : "rows");
  for (const std::string& part : asked->key) ticket.append(1, '/').append(percent_encoded(part));
  if (!asked->changes) {
    const AskedRows rows = *read_query(product, asked->query, false);
    if (const ChosenState state = newest_state(host_, rows.min_epoch); !state.ok()) return ends(end_of(state.error()));
    if (!rows.pinned_epoch) {
      // The rows are those of now, whenever the ticket is shown.
      host_.keep(*now, clock_.steady_us() + Api::kTokenHolds);
      asked->query.emplace_back("after", token_of((*now)->at.epoch, product, asked->query, ""));
    }
  }
  ticket += query_text(asked->query);
  return gives({flight_info(schema_of(*stream), descriptor, ticket)});
}

Source ProductFlights::schema(const std::string& text, const ConsumerPtr& consumer) const {
  Source problem;
  const std::optional<Target> asked = target(text, consumer, problem);
  if (!asked) return problem;
  const ChosenState now = newest_state(host_);
  if (!now.ok()) return ends(end_of(now.error()));
  const Result<std::string> stream = described(*asked, (*now)->at);
  if (!stream.ok()) return ends(end_of(stream.error()));
  std::string result;
  append_sized(result, 1, schema_of(*stream));
  return gives({std::move(result)});
}

/// Rows of one epoch, a page of them at a time.
class ProductFlights::Rows {
 public:
  Rows(const ProductFlights& flights, Target target, AskedRows asked)
      : flights_(flights), target_(std::move(target)), asked_(std::move(asked)) {
    for (const auto& [name, value] : target_.query)
      if (name == "limit") left_ = asked_.plan.limit;
    asked_.plan.columns = asked_.fields;
    until_us_ = flights.clock_.steady_us() + asked_.wait_us;
  }

  GrpcPart next() {
    while (true) {
      if (!ready_.empty()) {
        GrpcPart part = GrpcPart::message(std::move(ready_.front()));
        ready_.pop_front();
        return part;
      }
      if (ended_) return GrpcPart::end();
      if (std::optional<GrpcPart> other = read_page()) return *std::move(other);
    }
  }

 private:
  /// Nothing: there may be messages.
  std::optional<GrpcPart> read_page() {
    const ChosenState state = asked_.pinned_epoch ? kept_state(flights_.host_, *asked_.pinned_epoch, "after")
                                                  : newest_state(flights_.host_, asked_.min_epoch);
    if (!state.ok()) {
      const bool waits = state.error().is == NoState::Is::to_come && flights_.clock_.steady_us() < until_us_;
      return waits ? GrpcPart() : end_of(state.error());
    }
    const ApiProduct& product = flights_.products_[target_.product];
    const ViewReader reader(*state, target_.product);
    const Result<std::optional<Refusal>> refusal = refuse(asked_.plan, reader);
    if (!refusal.ok()) return end_of(refusal.error());
    if (*refusal)
      return GrpcPart::end((*refusal)->gone ? GrpcStatus::out_of_range : GrpcStatus::invalid_argument,
                           (*refusal)->reason);
    const Result<std::unique_ptr<ColumnWriter>> columns = flights_.writer(product, false, asked_.fields, (*state)->at);
    if (!columns.ok()) return end_of(columns.error());
    asked_.plan.limit = std::min(left_, kRowsOfPage);
    const Result<ReadResult> result = read(asked_.plan, reader, [&](const Slot* slots, const ViewStamp&) {
      (*columns)->put(slots);
      return (*columns)->bytes() < Api::kMostBytes;
    });
    if (!result.ok()) return end_of(result.error());
    const Result<std::string> stream = (*columns)->finish();
    if (!stream.ok()) return end_of(stream.error());
    left_ -= left_ == UINT64_MAX ? 0 : result->rows;
    ended_ = !result->more || left_ == 0;
    std::string token;
    if (result->more) {
      flights_.host_.keep(*state, flights_.clock_.steady_us() + Api::kTokenHolds);
      asked_.pinned_epoch = (*state)->at.epoch;
      asked_.plan.behind = result->position;
      token = token_of((*state)->at.epoch, product, target_.query, result->position);
    }
    const std::string note =
        fmt::format("{{\"epoch\":{},\"next\":{}}}", (*state)->at.epoch, token.empty() ? "null" : '"' + token + '"');
    const std::vector<ArrowMessage> messages = messages_of(*stream);
    for (size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].is_schema && std::exchange(begun_, true)) continue;
      ready_.push_back(flight_data(messages[i], i > 0 && i + 1 == messages.size() ? note : ""));
    }
    return std::nullopt;
  }

  const ProductFlights& flights_;
  Target target_;
  AskedRows asked_;
  uint64_t left_ = UINT64_MAX;
  int64_t until_us_;
  bool begun_ = false, ended_ = false;
  std::deque<std::string> ready_;
};

/// Changes from a place on: batches of one epoch each.
class ProductFlights::Changes {
 public:
  Changes(const ProductFlights& flights, Target target, AskedChanges asked, const ConsumerPtr& consumer)
      : flights_(flights),
        product_(flights.products_[target.product]),
        fields_(asked.fields),
        feed_({.product = product_,
               .view = target.product,
               .host = flights.host_,
               .clock = flights.clock_,
               .sight = [&flights, consumer, view = target.product]() -> std::optional<Sight> {
                 const bool is_over = consumer && flights.clock_.now_us() >= consumer->until_us;
                 return is_over ? std::nullopt : flights.sight_of(view, consumer);
               },
               .status = [&flights, this] { return flights.status_(product_); }},
              std::move(asked)),
        slots_(kChangeLeaves + leaf_count(struct_type(product_.row))) {}

  std::optional<HttpResponse> begin() { return feed_.begin(); }

  GrpcPart next() {
    while (true) {
      if (!ready_.empty()) {
        GrpcPart part = GrpcPart::message(std::move(ready_.front()));
        ready_.pop_front();
        return part;
      }
      if (failed_) return *std::move(failed_);
      if (!begun_) {
        // The schema goes first, and may be long before the first change.
        if (begin_batch()) flush("");
        continue;
      }
      if (ended_) return flight::end_of(feed_.problem());
      if (!feed_.ready()) return {};
      const ChangeFeed::Round round = feed_.next_item([this](const ChangeFeed::Item& item) { return take(item); });
      if (round != ChangeFeed::Round::more) flush_open();
      ended_ = round == ChangeFeed::Round::ended;
      if (round == ChangeFeed::Round::idle && ready_.empty() && !failed_) {
        feed_.skip();
        return {};
      }
    }
  }

 private:
  bool take(const ChangeFeed::Item& item) {
    using Is = ChangeFeed::Item::Is;
    if (item.is == Is::snapshot) return true;
    if (item.is == Is::commit) {
      flush(fmt::format(",\"committed\":true,\"watermark\":\"{}\",\"status\":\"{}\"", instant_text(item.watermark),
                        flights_.status_(product_)));
      return !failed_ && ready_.empty();
    }
    // A batch is sent when it is known whether its last row ends the epoch.
    if (batch_ && batch_->bytes() >= kBytesOfChanges) flush_open();
    if (!batch_ && !begin_batch()) return false;
    const std::string token = feed_.token();
    slots_[0] = slot_bytes(item.is == Is::put ? "put" : "delete");
    slots_[1] = slot_i64(static_cast<int64_t>(item.epoch));
    slots_[2] = slot_bytes(token);
    std::copy_n(item.row, slots_.size() - kChangeLeaves, slots_.begin() + kChangeLeaves);
    batch_->put(slots_.data());
    epoch_ = item.epoch;
    next_ = token;
    return ready_.empty();
  }
  bool begin_batch() {
    ViewsAt at;
    if (const std::shared_ptr<const ViewsState> now = flights_.host_.now()) at = now->at;
    Result<std::unique_ptr<ColumnWriter>> made = flights_.writer(product_, true, fields_, at);
    if (made.ok())
      batch_ = *std::move(made);
    else
      failed_ = flight::end_of(made.error());
    return made.ok();
  }
  void flush_open() {
    if (batch_) flush(",\"committed\":false");
  }
  /// `what`: of the batch, in its note.
  void flush(const std::string& what) {
    if (!batch_) return;
    if (what.starts_with(",\"committed\":true")) next_ = feed_.token();
    const Result<std::string> stream = std::exchange(batch_, nullptr)->finish();
    if (!stream.ok()) {
      failed_ = flight::end_of(stream.error());
      return;
    }
    const std::vector<ArrowMessage> messages = messages_of(*stream);
    for (size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].is_schema && std::exchange(begun_, true)) continue;
      const bool is_last = i > 0 && i + 1 == messages.size();
      ready_.push_back(flight_data(
          messages[i], is_last ? fmt::format("{{\"epoch\":{},\"next\":\"{}\"{}}}", epoch_, next_, what) : ""));
    }
  }

  const ProductFlights& flights_;
  const ApiProduct& product_;
  std::vector<int> fields_;
  ChangeFeed feed_;
  std::vector<Slot> slots_;  ///< of a row of changes
  std::unique_ptr<ColumnWriter> batch_;
  uint64_t epoch_ = 0;
  std::string next_;  ///< the place behind the batch
  bool begun_ = false, ended_ = false;
  std::optional<GrpcPart> failed_;
  std::deque<std::string> ready_;
};

Source ProductFlights::get(const std::string& text, const ConsumerPtr& consumer) const {
  Source problem;
  std::optional<Target> asked = target(text, consumer, problem);
  if (!asked) return problem;
  const ApiProduct& product = products_[asked->product];
  if (asked->changes) {
    Result<AskedChanges> changes = read_changes_query(product, asked->key, asked->query, "");
    if (!changes.ok()) return ends(end_of(changes.error()));
    const auto made = std::make_shared<Changes>(*this, *std::move(asked), *std::move(changes), consumer);
    if (const std::optional<HttpResponse> none = made->begin()) return ends(flight::end_of(*none));
    return [made] { return made->next(); };
  }
  Result<AskedRows> rows = read_query(product, asked->query, false);
  if (!rows.ok()) return ends(end_of(rows.error()));
  std::optional<Sight> sight = sight_of(asked->product, consumer);
  if (!sight) return fails(GrpcStatus::not_found, "no such product is served");
  rows->plan.sight = *std::move(sight);
  const auto made = std::make_shared<Rows>(*this, *std::move(asked), *std::move(rows));
  return [made] { return made->next(); };
}

}  // namespace braid::serve::flight
