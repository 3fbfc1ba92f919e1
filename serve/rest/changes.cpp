// Changes of a product over HTTP: as server-sent events, or as an answer to each question, which may wait for them.
#include <charconv>

#include "runtime/data/key_bytes.h"
#include "serve/access/consumer.h"
#include "serve/http/query.h"
#include "serve/rest/api.h"
#include "serve/rest/asked.h"
#include "serve/rest/change_feed.h"

namespace braid::serve {
namespace {

constexpr const char* kEvents = "text/event-stream";
constexpr const char* kLines = "application/x-ndjson";
/// Behind which a part of a stream takes no further event.
constexpr size_t kPartBytes = 32 << 10;
constexpr uint64_t kChangesAtOnce = 1000;
/// Rounds of one answer: each looks at a bounded number of changes.
constexpr int kMostRounds = 10;
constexpr int64_t kLookAgain = 1'000'000;

/// A feed as server-sent events. Each has the place behind it as its id.
class ChangeEvents : public HttpStream {
 public:
  explicit ChangeEvents(std::shared_ptr<ChangeFeed> feed) : feed_(std::move(feed)) {}

  Next next(std::string& out) override {
    // So that who loses the connection before the first change goes on from here.
    if (std::exchange(is_new_, false)) out += fmt::format("retry: 1000\nid: {}\n\n", feed_->token());
    const ChangeFeed::Round round = feed_->next([&](std::string_view name, std::string_view json) {
      out += fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, feed_->token(), json);
      return out.size() < kPartBytes;
    });
    if (round == ChangeFeed::Round::more) return Next::part;
    if (round == ChangeFeed::Round::idle) return Next::wait;
    const HttpResponse& problem = feed_->problem();
    const char* const reason = problem.status == 410 ? "gone" : problem.status == 404 ? "refused" : "stopped";
    last_word(reason, problem.body, problem.status != 410, out);
    return Next::end;
  }
  bool ready() const override { return feed_->ready(); }
  void alive(std::string& out) override {
    feed_->skip();
    out += fmt::format(":\nid: {}\n\n", feed_->token());
  }
  void dropped(std::string& out) override {
    last_word("dropped", http_problem(408, "too slow", "the events were not read in time; go on from `next`").body,
              true, out);
  }

 private:
  void last_word(const char* reason, std::string_view problem, bool can_go_on, std::string& out) const {
    if (problem.ends_with('\n')) problem.remove_suffix(1);
    out += fmt::format("event: end\ndata: {{\"change\":\"end\",\"reason\":\"{}\",\"problem\":{},\"next\":{}}}\n\n",
                       reason, problem, can_go_on ? '"' + feed_->token() + '"' : "null");
  }

  std::shared_ptr<ChangeFeed> feed_;
  bool is_new_ = true;
};

struct Poll {
  bool lines = false;
  uint64_t limit = kChangesAtOnce;
  std::shared_ptr<ChangeFeed> feed;
  std::string head;
  std::string body = {};
  uint64_t count = 0;

  /// False: there is nothing yet.
  bool look() {
    for (int round = 0; round < kMostRounds && count < limit && body.size() < Api::kMostBytes; ++round) {
      last = feed->next([this](std::string_view, std::string_view json) {
        if (!lines && count > 0) body += ',';
        body += json;
        if (lines) body += '\n';
        return ++count < limit && body.size() < Api::kMostBytes;
      });
      if (last != ChangeFeed::Round::more) break;
    }
    return count > 0 || last != ChangeFeed::Round::idle;
  }
  HttpResponse answer() {
    if (last == ChangeFeed::Round::ended && count == 0) return feed->problem();
    const std::string next = feed->token();
    HttpResponse response{.content_type = lines ? kLines : "application/json"};
    response.headers.emplace_back("Braid-Next", next);
    response.body = lines ? std::move(body)
                          : fmt::format("{{{},\"changes\":[{}],\"next\":\"{}\",\"more\":{}}}\n", head, body, next,
                                        last == ChangeFeed::Round::more);
    return response;
  }

  ChangeFeed::Round last = ChangeFeed::Round::idle;
};

std::optional<uint64_t> number_of(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error wrong(std::string text) {
  return {ErrorKind::input, std::move(text), 0, 0};
}

/// What has nothing to do with which changes are told.
bool is_of_place(const std::string& name) {
  return name == "since" || name == "from" || name == "wait" || name == "limit";
}

Status read_place(std::string_view last, const Query& query, AskedChanges& asked) {
  bool has_from = false;
  for (const auto& [name, value] : query) {
    for (const char* other : {"as_of", "at_epoch", "min_epoch", "order", "after"})
      if (name == other) return wrong(fmt::format("`{}` cannot be asked of changes", name));
    if (name == "since") asked.token = value;
    if (name != "from") continue;
    has_from = true;
    const std::optional<uint64_t> epoch = number_of(value);
    if (epoch) {
      asked.from = AskedChanges::From::epoch;
      asked.epoch = *epoch;
    } else if (value == "first" || value == "snapshot") {
      asked.from = value == "first" ? AskedChanges::From::first : AskedChanges::From::snapshot;
    } else if (value != "now") {
      return wrong("`from` is now, first, snapshot, or the number of an epoch");
    }
  }
  if (asked.token && has_from) return wrong("`since` and `from` exclude each other");
  // A client that connects again has the same address as before, with its `from`.
  if (!last.empty()) asked.token = std::string(last);
  return {};
}

/// The conditions that choose one key.
Status read_key(const ApiProduct& product, const std::vector<std::string>& key, std::vector<Condition>& where) {
  if (key.empty()) return {};
  if (product.key.empty()) return wrong(fmt::format("`{}` has no key", product.qualified()));
  if (key.size() != product.key.size())
    return wrong(fmt::format("the key is {}: a part of the path for each", fmt::join(product.key, ", ")));
  for (size_t i = 0; i < key.size(); ++i) {
    const std::optional<NamedPath> path = named_path(product.row, product.key[i]);
    const std::optional<std::string> bytes = path ? value_bytes(path->place, key[i]) : std::nullopt;
    if (!bytes)
      return wrong(fmt::format("`{}` is no {}, which `{}` is", key[i], path ? to_string(path->place.type) : "field",
                               product.key[i]));
    where.push_back({.field = path->place, .path = path->path, .value = *bytes});
  }
  return {};
}

}  // namespace

Result<AskedChanges> read_changes_query(const ApiProduct& product, const std::vector<std::string>& key,
                                        const Query& query, std::string_view last) {
  AskedChanges asked;
  BRAID_TRY(read_place(last, query, asked));
  Query of_rows;
  std::string text = fmt::format("{}@{}?", product.qualified(), product.version);
  for (const auto& [name, value] : query) {
    if (name == "since" || name == "from") continue;
    of_rows.emplace_back(name, value);
    if (!is_of_place(name)) text.append(name).append(1, '=').append(value).append(1, '&');
  }
  for (const std::string& part : key) text.append(1, '/').append(part);
  asked.digest = key_hash(text);
  BRAID_ASSIGN(AskedRows rows, read_query(product, of_rows, false));
  asked.wait_us = rows.wait_us;
  for (const auto& [name, value] : query)
    if (name == "limit") asked.limit = rows.plan.limit;
  asked.where = std::move(rows.plan.where);
  asked.fields = std::move(rows.fields);
  BRAID_TRY(read_key(product, key, asked.where));
  return asked;
}

HttpResponse Api::changes(size_t index, const std::vector<std::string>& key, const HttpRequest& request,
                          const Query& query) const {
  const ApiProduct& product = products_[index];
  Result<AskedChanges> asked = read_changes_query(product, key, query, request.header("last-event-id"));
  if (!asked.ok()) return problem_of(asked.error());
  const int64_t wait_us = asked->wait_us;
  const uint64_t limit = asked->limit.value_or(kChangesAtOnce);

  FeedSource source{.product = product,
                    .view = index,
                    .host = host_,
                    .clock = clock_,
                    .sight = [this, index, request]() -> std::optional<Sight> {
                      const bool is_over = request.consumer && clock_.now_us() >= request.consumer->until_us;
                      return is_over ? std::nullopt : sight_of(index, request);
                    },
                    .status = [this, &product] { return status_(product); }};
  auto feed = std::make_shared<ChangeFeed>(std::move(source), *std::move(asked));
  if (std::optional<HttpResponse> problem = feed->begin()) return *std::move(problem);
  const std::string_view accept = request.header("accept");
  HttpResponse response;
  if (accept.find(kEvents) != std::string_view::npos) {
    response.content_type = kEvents;
    response.stream = std::make_shared<ChangeEvents>(std::move(feed));
    return response;
  }
  const auto poll = std::make_shared<Poll>(
      Poll{.lines = accept.find(kLines) != std::string_view::npos, .limit = limit, .feed = std::move(feed)});
  const auto finish = [this, &product, poll]() -> HttpResponse {
    const std::shared_ptr<const ViewsState> state = host_.now();
    const ViewsAt at = state ? state->at : ViewsAt();
    poll->head = head(product, at);
    HttpResponse made = poll->answer();
    if (made.status == 200) set_headers(product, at, made);
    return made;
  };
  if (poll->look() || wait_us == 0) return finish();
  response.ready = [poll] { return poll->feed->ready(); };
  response.look_us = std::min(wait_us, kLookAgain);
  response.later = [this, poll, finish, until = clock_.steady_us() + wait_us]() -> std::optional<HttpResponse> {
    const bool is_over = clock_.steady_us() >= until;
    if (poll->feed->ready() && poll->look()) return finish();
    if (!is_over) return std::nullopt;
    poll->feed->skip();
    return finish();
  };
  return response;
}

}  // namespace braid::serve
