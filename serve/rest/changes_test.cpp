// Changes over HTTP: events and answers against what was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/base/rng.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/change_log.h"
#include "runtime/view/view_writer.h"
#include "serve/rest/api.h"

namespace braid::serve {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

struct Event {
  std::string name, id;
  Json data;
};

/// What a stream has put out. An event without data changes the id alone.
std::vector<Event> events_of(const std::string& text) {
  std::vector<Event> made;
  std::string id;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find("\n\n", at);
    EXPECT_NE(end, std::string::npos) << "an event that does not end: " << text.substr(at);
    Event event;
    std::string data;
    while (at < end) {
      const size_t line_end = std::min(text.find('\n', at), end);
      const std::string line = text.substr(at, line_end - at);
      if (line.starts_with("id: ")) id = line.substr(4);
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) data = line.substr(6);
      at = line_end + 1;
    }
    at = end + 2;
    if (data.empty()) continue;
    event.id = id;
    event.data = Json::parse(data);
    made.push_back(std::move(event));
  }
  return made;
}

/// A table { name, size } by name.
class ChangesTest : public testing::Test {
 protected:
  ChangesTest() {
    spec_.domain = "shop";
    spec_.name = "shelf";
    spec_.row = {{"name", string_type()}, {"size", int_type()}};
    spec_.key = {{0}};
    spec_.changes = true;
    start();
  }
  ~ChangesTest() override { host_.close(); }

  void start(int64_t span = 1'000'000'000) {
    host_.close();
    writer_ = std::make_unique<ViewWriter>(ViewLayout(spec_, {.product = 0, .changes_us = span}, 0),
                                           writer_ ? writer_->figures() : ViewFigures{});
    log_ = std::make_unique<ChangeLogWriter>(writer_->layout());
    StateBatch batch;
    ASSERT_TRUE(log_->open(epoch_, 77, false, store_, batch).ok());
    if (!batch.empty()) ASSERT_TRUE(store_.commit(batch).ok());
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}}, {.epoch = epoch_});
    if (api_) return;
    const ApiProduct product{.domain = "shop", .name = "shelf", .row = spec_.row, .key = {"name"}, .keyed = true};
    api_.emplace(std::vector<ApiProduct>{product}, host_, clock_, [](const ApiProduct&) { return "ok"; });
  }
  void put(const std::string& name, std::optional<int64_t> size) {
    std::vector<Field> row = spec_.row;
    row.push_back({std::string(kChange), int_type()});
    Arena arena;
    Block block = allocate_block(flatten(row), 1, arena);
    block.rows = 1;
    const bool stands = rows_.contains(name);
    const RowChange change = !size ? RowChange::goes : stands ? RowChange::becomes : RowChange::comes;
    write_slot(block.columns[0], 0, slot_bytes(name));
    write_slot(block.columns[1], 0, slot_i64(size.value_or(0)));
    write_slot(block.columns[2], 0, slot_i64(static_cast<int64_t>(change)));
    block.time[0] = 5;
    writer_->write(block);
    if (size)
      rows_[name] = *size;
    else
      rows_.erase(name);
  }
  void commit() {
    const ViewsAt at{.epoch = ++epoch_};
    clock_.advance_us(1000);
    StateBatch batch;
    log_->begin({.epoch = at.epoch, .time = clock_.now_us()});
    ASSERT_TRUE(writer_->put(writer_->take(), at.epoch, 0, store_, batch, log_.get()).ok());
    ASSERT_TRUE(log_->end(store_, batch).ok());
    ASSERT_TRUE(store_.commit(batch).ok());
    host_.committed(at, {log_->newest()});
  }

  HttpResponse get(const std::string& query, const char* accept, const std::string& last_id = "",
                   const std::string& path = "") {
    HttpRequest request{.path = "/v1/products/shop.shelf/changes" + path, .query = query};
    request.headers.emplace_back("accept", accept);
    if (!last_id.empty()) request.headers.emplace_back("last-event-id", last_id);
    return *api_->answer(request);
  }
  std::shared_ptr<HttpStream> stream(const std::string& query, const std::string& last_id = "") {
    HttpResponse answer = get(query, "text/event-stream", last_id);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.content_type, "text/event-stream");
    return answer.stream;
  }
  /// What it has for now.
  static std::vector<Event> read(HttpStream& stream) {
    std::string text;
    HttpStream::Next next = HttpStream::Next::part;
    while (next == HttpStream::Next::part) next = stream.next(text);
    return events_of(text);
  }
  Json poll(const std::string& query, const std::string& path = "") {
    const HttpResponse answer = get(query, "application/json", "", path);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.later, nullptr);
    return Json::parse(answer.body);
  }

  ProductSpec spec_;
  MemoryStore store_;
  ManualClock clock_;
  ViewHost host_{clock_};
  uint64_t epoch_ = 0;
  std::map<std::string, int64_t> rows_;
  std::unique_ptr<ViewWriter> writer_;
  std::unique_ptr<ChangeLogWriter> log_;
  std::optional<Api> api_;
};

/// Without `next`, which a commit has, and which is the place behind it.
std::vector<std::string> texts(const std::vector<Event>& events) {
  std::vector<std::string> made;
  for (const Event& event : events) {
    EXPECT_EQ(event.data["change"], event.name);
    Json data = event.data;
    EXPECT_EQ(data.value("next", ""), event.name == "commit" ? event.id : "");
    data.erase("next");
    made.push_back(data.dump());
  }
  return made;
}

TEST_F(ChangesTest, AreEventsOfEachCommit) {
  put("a", 1);
  put("b", 2);
  commit();
  const auto stream = this->stream("from=snapshot");
  EXPECT_THAT(texts(read(*stream)),
              ElementsAre(R"({"change":"snapshot","epoch":1,"watermark":null,"status":"ok"})",
                          R"({"change":"put","epoch":1,"key":{"name":"a"},"row":{"name":"a","size":1}})",
                          R"({"change":"put","epoch":1,"key":{"name":"b"},"row":{"name":"b","size":2}})",
                          R"({"change":"commit","epoch":1,"watermark":null,"status":"ok"})"));
  EXPECT_FALSE(stream->ready());
  commit();
  EXPECT_FALSE(stream->ready()) << "nothing has changed";
  put("a", {});
  put("c", 3);
  put("d", 4);
  put("d", {});
  commit();
  EXPECT_TRUE(stream->ready());
  EXPECT_THAT(texts(read(*stream)),
              ElementsAre(R"({"change":"delete","epoch":3,"key":{"name":"a"}})",
                          R"({"change":"put","epoch":3,"key":{"name":"c"},"row":{"name":"c","size":3}})",
                          R"({"change":"commit","epoch":3,"watermark":null,"status":"ok"})"));
  std::string alive;
  stream->alive(alive);
  EXPECT_THAT(alive, testing::StartsWith(":\nid: "));
  host_.close();
  EXPECT_TRUE(stream->ready());
  const std::vector<Event> last = read(*stream);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].data["reason"], "stopped");
  EXPECT_EQ(last[0].data["next"], last[0].id.empty() ? Json(alive.substr(6, alive.size() - 8)) : Json(last[0].id));
}

TEST_F(ChangesTest, GoOnFromEachIdOverStartsWithoutGapOrRepetition) {
  Rng rng(9);
  std::map<std::string, int64_t> copy;
  std::string last;
  uint64_t ended = 0;
  std::shared_ptr<HttpStream> open;
  for (int round = 0; round < 200; ++round) {
    for (uint64_t n = rng.below(5); n > 0; --n) {
      const std::string name(1, static_cast<char>('a' + rng.below(12)));
      if (rng.below(3) != 0)
        put(name, static_cast<int64_t>(rng.below(100)));
      else if (rows_.contains(name))
        put(name, {});
    }
    commit();
    if (rng.below(10) == 0) {
      open.reset();
      start();
    }
    if (open == nullptr) open = stream("from=snapshot", last);
    std::vector<Event> events = read(*open);
    // The connection is lost behind any of them.
    const bool lost = rng.below(2) == 0;
    if (lost && !events.empty()) {
      events.resize(1 + rng.below(events.size()));
      open.reset();
    }
    for (const Event& event : events) {
      last = event.id;
      const uint64_t epoch = event.data["epoch"];
      ASSERT_GT(epoch, ended) << "an epoch comes again";
      if (event.name == "commit") ended = epoch;
      if (event.name == "snapshot") copy.clear();
      if (event.name == "put") copy[event.data["key"]["name"]] = event.data["row"]["size"];
      if (event.name == "delete") ASSERT_EQ(copy.erase(event.data["key"]["name"]), 1U);
    }
    if (!lost && open != nullptr) ASSERT_EQ(copy, rows_) << round;
  }
  EXPECT_GT(ended, 150U);
}

TEST_F(ChangesTest, OfAPartSayWhatLeavesIt) {
  const auto large = stream("size.ge=10&fields=size");
  EXPECT_TRUE(read(*large).empty());
  put("a", 12);
  put("b", 3);
  commit();
  EXPECT_THAT(texts(read(*large)),
              ElementsAre(R"({"change":"put","epoch":1,"key":{"name":"a"},"row":{"size":12}})", HasSubstr("commit")));
  put("b", 4);
  commit();
  EXPECT_TRUE(read(*large).empty()) << "a commit without anything for it";
  put("a", 9);
  put("b", 10);
  commit();
  EXPECT_THAT(texts(read(*large)),
              ElementsAre(R"({"change":"delete","epoch":3,"key":{"name":"a"}})",
                          R"({"change":"put","epoch":3,"key":{"name":"b"},"row":{"size":10}})", HasSubstr("commit")));
  put("a", {});
  commit();
  EXPECT_TRUE(read(*large).empty()) << "a row that was not in it goes";
}

TEST_F(ChangesTest, AreAnsweredInTurn) {
  const std::string begin = poll("from=now")["next"];
  put("a", 1);
  put("b", 2);
  put("c", 3);
  commit();
  Json first = poll("limit=2&since=" + begin);
  EXPECT_EQ(first["changes"].size(), 2U);
  EXPECT_EQ(first["more"], true);
  EXPECT_EQ(first["epoch"], 1);
  Json second = poll("limit=3&since=" + first["next"].get<std::string>());
  ASSERT_EQ(second["changes"].size(), 2U);
  EXPECT_EQ(second["changes"][0]["key"]["name"], "c");
  EXPECT_EQ(second["changes"][1]["change"], "commit");
  EXPECT_EQ(second["more"], false);
  EXPECT_EQ(poll("from=first")["changes"].size(), 4U);
  EXPECT_EQ(poll("from=0")["changes"].size(), 4U);
  EXPECT_EQ(poll("from=1")["changes"].size(), 0U);
  EXPECT_EQ(poll("from=0", "/b")["changes"].size(), 2U);
  const HttpResponse lines = get("from=0&fields=name", "application/x-ndjson");
  EXPECT_THAT(lines.body,
              HasSubstr("{\"change\":\"put\",\"epoch\":1,\"key\":{\"name\":\"b\"},\"row\":{\"name\":\"b\"}}\n"));
  EXPECT_FALSE(std::ranges::none_of(lines.headers, [](const auto& each) { return each.first == "Braid-Next"; }));

  // One that waits is asked when there is something, and gives up in time.
  const std::string since = second["next"];
  HttpResponse waits = get("wait=2s&limit=3&since=" + since, "application/json");
  ASSERT_NE(waits.later, nullptr);
  EXPECT_FALSE(waits.ready());
  EXPECT_FALSE(waits.later());
  put("b", {});
  commit();
  EXPECT_TRUE(waits.ready());
  const std::optional<HttpResponse> made = waits.later();
  ASSERT_TRUE(made);
  EXPECT_THAT(made->body, HasSubstr("{\"change\":\"delete\",\"epoch\":2,\"key\":{\"name\":\"b\"}}"));
  waits = get("wait=2s&from=now", "application/json");
  clock_.advance_us(2'000'000);
  const std::optional<HttpResponse> over = waits.later();
  ASSERT_TRUE(over);
  EXPECT_THAT(over->body, HasSubstr("\"changes\":[],"));
}

TEST_F(ChangesTest, SayWhatIsGoneAndWhatIsWrong) {
  const auto refused = [&](const std::string& query, int status, const char* words, const std::string& path = "") {
    const HttpResponse answer = get(query, "text/event-stream", "", path);
    EXPECT_EQ(answer.status, status) << query;
    EXPECT_THAT(answer.body, HasSubstr(words)) << query;
  };
  put("a", 1);
  commit();
  const std::string token = poll("from=0")["next"];
  const auto slow = stream("from=0");
  refused("from=yesterday", 400, "`from` is");
  refused("since=x", 400, "an answer before");
  refused("from=0&since=" + token, 400, "exclude");
  refused("since=" + token + "&size=1", 400, "another query");
  refused("as_of=2026-01-01T00:00:00Z", 400, "`as_of` cannot");
  refused("order=key", 400, "`order` cannot");
  refused("from=9", 412, "epoch 1");
  refused("cty=1", 400, "no field `cty`");
  refused("", 400, "the key is name", "/a/b");
  // Behind the span only a new beginning helps; who is still at it is told so.
  start(100);
  put("a", 2);
  commit();
  put("a", 3);
  commit();
  refused("from=0", 410, "from=snapshot");
  const std::vector<Event> last = read(*slow);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].data["reason"], "gone");
  EXPECT_TRUE(last[0].data["next"].is_null());
  EXPECT_EQ(last[0].data["problem"]["status"], 410);
  EXPECT_EQ(stream("from=snapshot&size.ge=2") == nullptr, false);
}

TEST_F(ChangesTest, WhoIsDroppedCanGoOn) {
  put("a", 1);
  commit();
  const auto slow = stream("from=0");
  (void)read(*slow);
  std::string word;
  slow->dropped(word);
  const std::vector<Event> last = events_of(word);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].data["reason"], "dropped");
  put("b", 2);
  commit();
  const std::string next = last[0].data["next"];
  const auto again = stream("from=0", next);
  EXPECT_THAT(texts(read(*again)), ElementsAre(HasSubstr("\"b\""), HasSubstr("commit")));
}

}  // namespace
}  // namespace braid::serve
