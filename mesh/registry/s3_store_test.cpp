// A registry in a bucket that answers as S3 does: conditional writes, lists in pages, dates of objects, signatures that
// are checked; that fails for a while, loses answers, or does not keep conditions.
#include "mesh/registry/s3_store.h"

#include <gtest/gtest.h>

#include "mesh/registry/store_conformance.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

const std::string kEndpoint = "http://s3.test:9000", kBefore = "/bucket/";
const AwsKey kKey{.id = "AKIA", .secret = "secret"};

struct Bucket {
  struct Object {
    std::string content;
    int64_t written_us = 0;
    int64_t version = 0;
    std::string etag() const { return fmt::format("\"{:032x}\"", version); }
  };
  std::map<std::string, Object> objects;
  int64_t versions = 0, requests = 0;
  bool keeps_conditions = true;  ///< false: it writes whatever they say
  int fails = 0;                 ///< so many requests next get status 503
  int loses = 0;                 ///< so many writes next are done, and their answers lost
  int conflicts = 0;             ///< so many writes behind those get status 409
};

std::string http_date(int64_t us) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::string text = timestamp_text(us / 1'000'000 * 1'000'000);  // 2023-11-14T22:13:20Z
  const size_t month = static_cast<size_t>(std::stoi(text.substr(5, 2)) - 1);
  return fmt::format("Tue, {} {} {} {} GMT", text.substr(8, 2), kMonths.substr(3 * month, 3), text.substr(0, 4),
                     text.substr(11, 8));
}

std::string header(const WebRequest& request, const std::string& name) {
  for (const std::string& one : request.headers)
    if (one.starts_with(name + ": ")) return one.substr(name.size() + 2);
  return {};
}

std::string decoded(std::string_view text) {
  std::string made;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') {
      made += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
      at += 2;
    } else {
      made += text[at];
    }
  }
  return made;
}

class BucketWeb : public Web {
 public:
  BucketWeb(Bucket& bucket, Clock& clock) : bucket_(bucket), clock_(clock) {}

  Result<WebAnswer> ask(const WebRequest& request) override {
    ++bucket_.requests;
    if (bucket_.fails > 0) {
      --bucket_.fails;
      return WebAnswer{.status = 503, .body = "<Error><Code>SlowDown</Code></Error>"};
    }
    std::string path = request.url.substr(kEndpoint.size());
    std::map<std::string, std::string> query;
    if (const size_t mark = path.find('?'); mark != std::string::npos) {
      for (size_t at = mark + 1; at < path.size();) {
        const size_t end = std::min(path.find('&', at), path.size()), equals = path.find('=', at);
        query[decoded(path.substr(at, equals - at))] = decoded(path.substr(equals + 1, end - equals - 1));
        at = end + 1;
      }
      path.resize(mark);
    }
    if (!is_signed(request, decoded(path), query))
      return WebAnswer{.status = 403, .body = "<Error><Code>SignatureDoesNotMatch</Code></Error>"};
    if (request.method == WebRequest::Method::put && bucket_.loses == 0 && bucket_.conflicts > 0) {
      --bucket_.conflicts;
      return WebAnswer{.status = 409, .body = "<Error><Code>ConditionalRequestConflict</Code></Error>"};
    }
    WebAnswer made = answer(request, decoded(path), query);
    made.date = http_date(clock_.now_us());
    const bool wrote = request.method == WebRequest::Method::put && made.status == 200;
    if (wrote && bucket_.loses > 0) {
      --bucket_.loses;
      return Error{.kind = ErrorKind::input, .message = "the connection broke"};
    }
    return made;
  }

 private:
  /// By the same rules, from what has arrived.
  bool is_signed(const WebRequest& request, const std::string& path, const std::map<std::string, std::string>& query) {
    AwsRequest seen{.method = "GET", .host = kEndpoint.substr(7), .path = path, .query = query, .body = request.body};
    if (request.method == WebRequest::Method::put) seen.method = "PUT";
    if (request.method == WebRequest::Method::remove) seen.method = "DELETE";
    for (const char* name : {"if-match", "if-none-match", "content-type"})
      if (const std::string value = header(request, name); !value.empty()) seen.headers[name] = value;
    const std::vector<std::string> right = signed_headers(seen, kKey, "eu-test-1", clock_.now_us());
    return header(request, "Authorization") == right.back().substr(std::string_view("Authorization: ").size());
  }

  WebAnswer answer(const WebRequest& request, const std::string& path,
                   const std::map<std::string, std::string>& query) {
    if (query.contains("list-type")) return list(query);
    const std::string key = path.substr(kBefore.size());
    const auto found = bucket_.objects.find(key);
    const bool there = found != bucket_.objects.end();
    if (request.method == WebRequest::Method::remove) {
      bucket_.objects.erase(key);
      return {.status = 204};
    }
    if (request.method == WebRequest::Method::get) {
      if (!there) return {.status = 404, .body = "<Error><Code>NoSuchKey</Code></Error>"};
      return {.status = 200,
              .body = found->second.content,
              .etag = found->second.etag(),
              .last_modified = http_date(found->second.written_us)};
    }
    const std::string match = header(request, "if-match"), none_match = header(request, "if-none-match");
    if (bucket_.keeps_conditions) {
      if (none_match == "*" && there) return {.status = 412, .body = "<Error><Code>PreconditionFailed</Code></Error>"};
      if (!match.empty() && !there) return {.status = 404, .body = "<Error><Code>NoSuchKey</Code></Error>"};
      if (!match.empty() && found->second.etag() != match) return {.status = 412, .body = {}};
    }
    bucket_.objects[key] = {.content = request.body, .written_us = clock_.now_us(), .version = ++bucket_.versions};
    return {.status = 200};
  }

  WebAnswer list(const std::map<std::string, std::string>& query) {
    constexpr size_t kPage = 2;
    const std::string prefix = query.at("prefix");
    auto at = bucket_.objects.lower_bound(prefix);
    if (const auto token = query.find("continuation-token"); token != query.end())
      at = bucket_.objects.upper_bound(token->second);
    std::string body = "<ListBucketResult>", last;
    size_t keys = 0;
    for (; at != bucket_.objects.end() && at->first.starts_with(prefix) && keys < kPage; ++at, ++keys) {
      body += "<Contents><Key>" + at->first + "</Key><Size>1</Size></Contents>";
      last = at->first;
    }
    const bool more = at != bucket_.objects.end() && at->first.starts_with(prefix);
    if (more) body += "<NextContinuationToken>" + last + "</NextContinuationToken>";
    return {.status = 200, .body = body + "</ListBucketResult>"};
  }

  Bucket& bucket_;
  Clock& clock_;
};

struct S3StoreTest : testing::Test {
  std::unique_ptr<S3Store> open(const std::string& secret = "secret") {
    return std::make_unique<S3Store>(S3Place{.endpoint = kEndpoint,
                                             .region = "eu-test-1",
                                             .bucket = "bucket",
                                             .prefix = "teams/registry",
                                             .key = {.id = "AKIA", .secret = secret}},
                                     std::make_unique<BucketWeb>(bucket, clock), clock, 4);
  }
  StorePlace place() {
    return {
        .open = [this] { return open(); },
        .alter = [this](const std::string& name,
                        const std::string& content) { bucket.objects.at("teams/registry/" + name).content = content; }};
  }

  ManualClock clock{1'700'000'000'000'000};
  Bucket bucket;
};

TEST_F(S3StoreTest, ReadsBackWhatIsPublished) {
  expect_publications_are_read_back(place());
}

TEST_F(S3StoreTest, LosesNothingOfTwoPublishers) {
  expect_two_publishers_lose_nothing(place());
}

TEST_F(S3StoreTest, OutlivesPublishersThatAreKilled) {
  expect_killed_publications_leave_a_state([this] {
    bucket = {};
    return place();
  });
}

TEST_F(S3StoreTest, FindsAlteredBytes) {
  expect_altered_bytes_are_found(place());
}

TEST_F(S3StoreTest, ListsAllPages) {
  const auto store = open();
  std::vector<std::string> names;
  for (const char* name : {"domains/a/head", "domains/b/head", "domains/c/head", "domains/d/head", "domains/e/head"}) {
    ASSERT_TRUE(*store->swap_head(name, std::nullopt, "1"));
    names.push_back(name);
  }
  ASSERT_TRUE(*store->swap_head("domainsx/a/head", std::nullopt, "1"));
  EXPECT_EQ(*store->list("domains"), names);
}

TEST_F(S3StoreTest, AsksAgainWhileTheServerFails) {
  const auto store = open();
  bucket.fails = 3;
  const int64_t begin = clock.now_us();
  ASSERT_TRUE(store->put_if_absent("objects/ab/abc", "x").ok());
  EXPECT_GE(clock.now_us() - begin, 700'000) << "100, 200 and 400 ms between the attempts";
  bucket.fails = 4;
  const auto failed = store->read("objects/ab/abc");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, 7200);
  EXPECT_EQ(failed.error().message, "cannot read the registry `s3://bucket/teams/registry`: status 503, SlowDown");
}

TEST_F(S3StoreTest, KnowsItsOwnSwapWhoseAnswerWasLost) {
  const auto store = open();
  ASSERT_TRUE(*store->swap_head("domains/a/head", std::nullopt, "1"));
  const std::string etag = (*store->read_head("domains/a/head"))->etag;
  bucket.loses = 1;
  const Result<bool> swapped = store->swap_head("domains/a/head", etag, "2");
  ASSERT_TRUE(swapped.ok()) << swapped.error().message;
  EXPECT_TRUE(*swapped);
  // Another one was first, and the answer to that was lost on its way, too.
  bucket.objects["teams/registry/domains/a/head"].version = 77;
  bucket.fails = 1;
  EXPECT_FALSE(*store->swap_head("domains/a/head", etag, "3"));
}

TEST_F(S3StoreTest, KnowsItsOwnSwapBehindAConflict) {
  const auto store = open();
  ASSERT_TRUE(*store->swap_head("domains/a/head", std::nullopt, "1"));
  const std::string etag = (*store->read_head("domains/a/head"))->etag;
  bucket.loses = 1;
  bucket.conflicts = 1;
  const Result<bool> swapped = store->swap_head("domains/a/head", etag, "2");
  ASSERT_TRUE(swapped.ok()) << swapped.error().message;
  EXPECT_TRUE(*swapped);
}

TEST_F(S3StoreTest, RefusesAServerThatKeepsNoConditions) {
  bucket.keeps_conditions = false;
  const auto swapped = open()->swap_head("domains/a/head", std::nullopt, "1");
  ASSERT_FALSE(swapped.ok());
  EXPECT_EQ(swapped.error().code, 7331);
  EXPECT_FALSE(bucket.objects.contains("teams/registry/domains/a/head"));
}

TEST_F(S3StoreTest, SaysThatTheLoginIsRefused) {
  const auto read = open("another")->read("objects/ab/abc");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, 7252);
  EXPECT_NE(read.error().message.find("SignatureDoesNotMatch"), std::string::npos);
}

TEST_F(S3StoreTest, CollectsWhatIsADayOld) {
  const auto store = open();
  Registry registry(*store, clock);
  const DomainKey key = *DomainKey::create();
  ASSERT_TRUE(registry.publish(conformance_draft("payment"), key).ok());
  const std::string lost = "killed before its head was swapped", name = object_name(content_hash(lost));
  ASSERT_TRUE(*store->put_if_absent(name, lost));
  EXPECT_EQ(registry.collect()->objects, 0) << "a publisher may be about to name it";
  clock.advance_us(int64_t{13} * 3'600'000'000);
  EXPECT_EQ(registry.collect()->objects, 0);
  // Who needs it writes it again, and it is young.
  EXPECT_FALSE(*store->put_if_absent(name, lost));
  clock.advance_us(int64_t{13} * 3'600'000'000);
  EXPECT_EQ(registry.collect()->objects, 0);
  clock.advance_us(int64_t{12} * 3'600'000'000);
  EXPECT_EQ(registry.collect()->objects, 1);
  EXPECT_TRUE(registry.chain("pay").ok());
}

TEST(HttpDates, AreRead) {
  EXPECT_EQ(parse_http_date("Fri, 24 May 2013 00:00:00 GMT"), 1'369'353'600'000'000);
  EXPECT_EQ(parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"), 1'700'000'000'000'000);
  EXPECT_EQ(http_date(1'700'000'000'000'000), "Tue, 14 Nov 2023 22:13:20 GMT");
  for (const char* text : {"", "2013-05-24", "Fri, 24 Mai 2013 00:00:00 GMT", "Fri, 24 May 2013 00:00:00 CET"})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

}  // namespace
}  // namespace braid::mesh
