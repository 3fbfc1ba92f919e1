#include "serve/rest/change_feed.h"

#include <cstring>

#include "runtime/state/wire.h"
#include "serve/http/query.h"

namespace braid::serve {
namespace {

constexpr uint8_t kTokenForm = 1;

HttpResponse begin_again(const std::string& reason) {
  return http_problem(410, "not kept any more", reason + "; begin again with from=snapshot");
}

}  // namespace

ChangeFeed::ChangeFeed(FeedSource source, AskedChanges asked)
    : source_(std::move(source)),
      asked_(std::move(asked)),
      plan_{.where = asked_.where, .columns = asked_.fields},
      rows_(source_.product.row, asked_.fields),
      keys_(source_.product.row, source_.product.key) {}

std::string ChangeFeed::token() const {
  WireWriter out;
  out.fixed(kTokenForm);
  out.fixed(at_.era);
  out.fixed(asked_.digest);
  out.fixed(form_);
  out.fixed(at_.place.epoch);
  out.fixed(at_.place.number);
  out.fixed(static_cast<uint8_t>(at_.row.has_value()));
  return base64_url(out.take() + at_.row.value_or(""));
}

std::optional<HttpResponse> ChangeFeed::read_token(const std::string& token) {
  constexpr size_t kSize = 1 + 4 * sizeof(uint64_t) + sizeof(uint32_t) + 1;
  const std::optional<std::string> bytes = base64_url_decoded(token);
  const auto wrong = [](const char* reason) { return http_problem(400, "wrong query", reason); };
  if (!bytes || bytes->size() < kSize || static_cast<uint8_t>(bytes->front()) != kTokenForm)
    return wrong("`since`, or Last-Event-ID, is a place that an answer before has given");
  WireReader in(*bytes);
  (void)in.fixed<uint8_t>();
  at_.era = in.fixed<uint64_t>();
  const auto digest = in.fixed<uint64_t>();
  const auto form = in.fixed<uint64_t>();
  at_.place.epoch = in.fixed<uint64_t>();
  at_.place.number = in.fixed<uint32_t>();
  const bool of_snapshot = in.fixed<uint8_t>() != 0;
  if (digest != asked_.digest) return wrong("the place belongs to another query");
  if (form != form_) return begin_again("you see other rows than then");
  if (of_snapshot) at_.row = bytes->substr(kSize);
  return std::nullopt;
}

std::optional<HttpResponse> ChangeFeed::look() {
  std::optional<Sight> sight = source_.sight();
  if (!sight) return http_problem(404, "no such product", "it is not served to you any more");
  form_ = sight->rows == nullptr ? 0 : sight->rows->form();
  plan_.sight = *std::move(sight);
  return std::nullopt;
}

std::optional<HttpResponse> ChangeFeed::begin() {
  const ChosenState now = newest_state(source_.host);
  if (!now.ok()) return problem_of(now.error());
  const std::shared_ptr<const ViewsState>& state = *now;
  if (std::optional<HttpResponse> unseen = look()) return unseen;
  const Result<std::optional<ChangeLogRecord>> record = ChangeLogReader(state, source_.view).record();
  if (!record.ok()) return problem_of(record.error());
  if (!*record) return http_problem(400, "cannot be asked for", "no changes are kept of it: `changes` is not set");
  if (asked_.token) {
    if (std::optional<HttpResponse> wrong = read_token(*asked_.token)) return wrong;
    told_ = at_.place.number > 0;
    return refuse(state);
  }
  at_.era = (*record)->era;
  switch (asked_.from) {
    case AskedChanges::From::now:
      at_.place = {state->at.epoch + 1, 0};
      break;
    case AskedChanges::From::first:
      at_.place = {(*record)->cut + 1, 0};
      break;
    case AskedChanges::From::epoch:
      if (asked_.epoch > state->at.epoch)
        return http_problem(412, "not there yet",
                            fmt::format("epoch {} is the last one that is committed", state->at.epoch));
      at_.place = {asked_.epoch + 1, 0};
      break;
    case AskedChanges::From::snapshot:
      at_.place = {state->at.epoch, 0};
      at_.row = "";
      source_.host.keep(state, source_.clock.steady_us() + Api::kTokenHolds);
      return std::nullopt;
  }
  return refuse(state);
}

std::optional<HttpResponse> ChangeFeed::refuse(const std::shared_ptr<const ViewsState>& state) const {
  const ChangeLogReader log(state, source_.view);
  const Result<std::optional<ChangeLogRecord>> record = log.record();
  if (!record.ok()) return problem_of(record.error());
  if (!*record || (*record)->era != at_.era) return begin_again("the changes have begun again since then");
  if (at_.row) return std::nullopt;
  const Result<ChangeLogReader::Answer> answer = log.check(at_.place);
  if (!answer.ok()) return problem_of(answer.error());
  if (*answer == ChangeLogReader::Answer::known) return std::nullopt;
  if (*answer == ChangeLogReader::Answer::to_come) return begin_again("the place is of commits that were lost");
  return begin_again(fmt::format("changes up to epoch {} are not kept", (*record)->cut));
}

bool ChangeFeed::ready() const {
  return at_.row || source_.host.has_news(source_.view, at_.place.epoch);
}

void ChangeFeed::skip() {
  const std::shared_ptr<const ViewsState> state = source_.host.now();
  if (state && !at_.row && at_.place.number == 0 && state->changed.at(source_.view) < at_.place.epoch)
    at_.place.epoch = std::max(at_.place.epoch, state->at.epoch + 1);
}

ChangeFeed::Round ChangeFeed::end(HttpResponse problem) {
  problem_ = std::move(problem);
  return Round::ended;
}

namespace {

const char* name_of(ChangeFeed::Item::Is is) {
  static constexpr const char* kNames[] = {"snapshot", "put", "delete", "commit"};
  return kNames[static_cast<size_t>(is)];
}

}  // namespace

void ChangeFeed::append_json(const Item& item, std::string& out) const {
  out += fmt::format("{{\"change\":\"{}\",\"epoch\":{}", name_of(item.is), item.epoch);
  if (item.row == nullptr) {
    out += fmt::format(",\"watermark\":{},\"status\":{}", instant(item.watermark), json_text(source_.status()));
    if (item.is == Item::Is::commit) out += fmt::format(",\"next\":\"{}\"", token());
    out += '}';
    return;
  }
  if (item.is == Item::Is::gone || source_.product.keyed) {
    out += ",\"key\":";
    keys_.append(item.row, out);
  }
  if (item.is == Item::Is::put) {
    out += ",\"row\":";
    rows_.append(item.row, out);
  }
  out += '}';
}

/// Makes items of what is read, and moves the place behind them.
class ChangeFeed::Telling : public Follower {
 public:
  Telling(ChangeFeed& feed, const TakeItem& take) : feed_(feed), take_(take) {}

  bool put(const ChangePlace& place, const Slot* slots) override {
    feed_.at_.place = place;
    return tell({.is = Item::Is::put, .epoch = place.epoch, .row = slots});
  }
  bool gone(const ChangePlace& place, const Slot* slots) override {
    feed_.at_.place = place;
    return tell({.is = Item::Is::gone, .epoch = place.epoch, .row = slots});
  }
  bool epoch_ends(uint64_t epoch, int64_t watermark) override {
    feed_.at_.place = {epoch + 1, 0};
    if (!std::exchange(feed_.told_, false)) return true;
    return take({.is = Item::Is::commit, .epoch = epoch, .watermark = watermark});
  }
  bool row(const std::string& position, const Slot* slots) override {
    feed_.at_.row = position;
    return tell({.is = Item::Is::put, .epoch = feed_.at_.place.epoch, .row = slots});
  }
  bool is_full() const { return is_full_; }

 private:
  bool tell(const Item& item) {
    feed_.told_ = true;
    return take(item);
  }
  bool take(const Item& item) {
    is_full_ = !take_(item);
    return !is_full_;
  }

  ChangeFeed& feed_;
  const TakeItem& take_;
  bool is_full_ = false;
};

ChangeFeed::Round ChangeFeed::next(const Take& take) {
  std::string json;
  return next_item([&](const Item& item) {
    json.clear();
    append_json(item, json);
    return take(name_of(item.is), json);
  });
}

ChangeFeed::Round ChangeFeed::next_item(const TakeItem& take) {
  const ChosenState now = newest_state(source_.host);
  if (!now.ok()) return end(problem_of(now.error()));
  const std::shared_ptr<const ViewsState>& state = *now;
  const uint64_t form = form_;
  if (std::optional<HttpResponse> unseen = look()) return end(*std::move(unseen));
  if (std::exchange(form_, form) != form) return end(begin_again("you see other rows than before"));
  if (std::optional<HttpResponse> refused = refuse(state)) return end(*std::move(refused));
  return at_.row ? tell_rows(take) : tell_changes(state, take);
}

ChangeFeed::Round ChangeFeed::tell_changes(const std::shared_ptr<const ViewsState>& state, const TakeItem& take) {
  Telling telling(*this, take);
  const Result<ChangePlace> next = read_changes(plan_, state, source_.view, at_.place, telling);
  if (!next.ok()) return end(problem_of(next.error()));
  at_.place = *next;
  if (telling.is_full() || at_.place != ChangePlace{state->at.epoch + 1, 0}) return Round::more;
  told_ = false;
  return Round::idle;
}

ChangeFeed::Round ChangeFeed::tell_rows(const TakeItem& take) {
  const uint64_t epoch = at_.place.epoch;
  const std::shared_ptr<const ViewsState> state = source_.host.at_epoch(epoch);
  if (!state) return end(begin_again(fmt::format("the rows of epoch {} are not kept", epoch)));
  source_.host.keep(state, source_.clock.steady_us() + Api::kTokenHolds);
  if (at_.row->empty()) (void)take({.is = Item::Is::snapshot, .epoch = epoch, .watermark = state->at.watermark});
  Telling telling(*this, take);
  const Result<std::optional<std::string>> next = read_snapshot(plan_, state, source_.view, *at_.row, telling);
  if (!next.ok()) return end(problem_of(next.error()));
  if (*next) {
    at_.row = **next;
    return Round::more;
  }
  at_.row.reset();
  at_.place = {epoch + 1, 0};
  told_ = false;
  (void)take({.is = Item::Is::commit, .epoch = epoch, .watermark = state->at.watermark});
  return Round::more;
}

}  // namespace braid::serve
