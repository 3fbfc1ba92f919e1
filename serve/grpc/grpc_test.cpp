#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <nlohmann/json.hpp>
#include <random>

#include "runtime/base/sha256.h"
#include "runtime/data/row_change.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_writer.h"
#include "serve/grpc/grpc_api.h"
#include "serve/grpc/grpc_gate.h"
#include "serve/grpc/grpc_session.h"
#include "serve/grpc/message_reader.h"

namespace braid::serve {
namespace {

namespace pb = google::protobuf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A call as a client sees it.
struct Call {
  std::vector<std::string> messages;
  std::string http_status, status, reason;
  bool closed = false;
  std::string input, body;  ///< what has come, and what is still to be sent
  bool more_to_send = false;
};

/// A client whose network is two strings.
class Client {
 public:
  explicit Client(GrpcSession& server) : server_(server) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* self) {
          Call& call = static_cast<Client*>(self)->calls_[frame->hd.stream_id];
          const std::string is(reinterpret_cast<const char*>(name), name_size);
          const std::string text(reinterpret_cast<const char*>(value), value_size);
          if (is == ":status") call.http_status = text;
          if (is == "grpc-status") call.status = text;
          if (is == "grpc-message") call.reason = text;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size, void* self) {
          static_cast<Client*>(self)->got(stream, {reinterpret_cast<const char*>(bytes), size});
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                           [](nghttp2_session*, int32_t stream, uint32_t, void* self) {
                                                             static_cast<Client*>(self)->calls_[stream].closed = true;
                                                             return 0;
                                                           });
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    (void)nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Client() { nghttp2_session_del(session_); }

  /// `message`: with what frames it.
  int32_t open(const std::string& path, std::string framed, std::vector<std::pair<std::string, std::string>> more = {},
               bool ends = true) {
    std::vector<std::pair<std::string, std::string>> headers{{":method", "POST"}, {":scheme", "http"},
                                                             {":path", path},     {":authority", "here"},
                                                             {"te", "trailers"},  {"content-type", "application/grpc"}};
    for (auto& each : more) {
      std::erase_if(headers, [&](const auto& known) { return known.first == each.first; });
      if (each.first.starts_with(':'))
        headers.insert(headers.begin(), each);
      else
        headers.push_back(each);
    }
    std::vector<nghttp2_nv> nv;
    for (auto& [name, value] : headers)
      nv.push_back({reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()), name.size(),
                    value.size(), NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider data{.source = {.ptr = this},
                               .read_callback = [](nghttp2_session*, int32_t stream, uint8_t* out, size_t size,
                                                   uint32_t* flags, nghttp2_data_source*, void* self) -> ssize_t {
                                 Call& call = static_cast<Client*>(self)->calls_[stream];
                                 const size_t most = std::min(size, call.body.size());
                                 std::memcpy(out, call.body.data(), most);
                                 call.body.erase(0, most);
                                 if (call.body.empty() && !call.more_to_send) *flags |= NGHTTP2_DATA_FLAG_EOF;
                                 if (most == 0 && call.more_to_send) return NGHTTP2_ERR_DEFERRED;
                                 return static_cast<ssize_t>(most);
                               }};
    const int32_t stream = nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(), &data, nullptr);
    calls_[stream].body = std::move(framed);
    calls_[stream].more_to_send = !ends;
    return stream;
  }
  void send(int32_t stream, const std::string& framed, bool ends) {
    calls_[stream].body += framed;
    calls_[stream].more_to_send = !ends;
    (void)nghttp2_session_resume_data(session_, stream);
  }
  /// Bytes go to and fro until nothing is left. False: the server has had enough.
  bool run(size_t piece = 1 << 14) {
    bool reads = true;
    for (bool more = true; more;) {
      more = false;
      std::string to;
      const uint8_t* bytes = nullptr;
      for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
        to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
      for (size_t at = 0; at < to.size() && reads; at += piece) reads = server_.take(to.substr(at, piece));
      std::string from;
      server_.give(from, 1 << 16);
      more = !to.empty() || !from.empty();
      if (!from.empty())
        EXPECT_GE(nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(from.data()), from.size()), 0);
    }
    return reads;
  }
  Call& at(int32_t stream) { return calls_[stream]; }
  nghttp2_session* session() { return session_; }

 private:
  void got(int32_t stream, std::string_view bytes) {
    Call& call = calls_[stream];
    call.input += bytes;
    while (call.input.size() >= 5) {
      const auto* head = reinterpret_cast<const uint8_t*>(call.input.data());
      const size_t size = size_t{head[1]} << 24 | size_t{head[2]} << 16 | size_t{head[3]} << 8 | head[4];
      if (call.input.size() < 5 + size) return;
      call.messages.push_back(call.input.substr(5, size));
      call.input.erase(0, 5 + size);
    }
  }

  GrpcSession& server_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Call> calls_;
};

std::string framed(std::string_view message) {
  std::string made(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) made.push_back(static_cast<char>(message.size() >> shift & 0xFF));
  return made.append(message);
}

/// A table shop.shelf { name, kind: enum, since: timestamp?, tags: list<string>? } by name, with 300 rows.
class GrpcTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 300;

  GrpcTest() {
    spec_.domain = "shop";
    spec_.name = "shelf";
    spec_.row = {{"name", string_type()},
                 {"kind", enum_type({"wood", "iron"})},
                 {"since", optional_type(timestamp_type())},
                 {"tags", optional_type(list_type(string_type()))},
                 {"size", int_type()}};
    spec_.key = {{0}};
    spec_.changes = true;
    writer_.emplace(ViewLayout(spec_, {.product = 0, .indexes = {{4}}}, 0), ViewFigures{});
    for (int64_t number = 0; number < kRows; ++number) put(number);
    commit(1);
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}},
               {.epoch = 1, .watermark = 5'500'000});
    ApiProduct product{.domain = "shop",
                       .name = "shelf",
                       .version = 2,
                       .row = spec_.row,
                       .key = {"name"},
                       .indexes = {"size"},
                       .keyed = true};
    auto made = GrpcApi::make({product}, host_, clock_, [this](const ApiProduct&) { return status_; });
    EXPECT_TRUE(made.ok()) << made.error().message;
    api_ = *std::move(made);
    handler_ = [this](const GrpcRequest& request) { return api_->call(request); };
    build_pool();
  }
  ~GrpcTest() override { host_.close(); }

  void put(int64_t number) {
    std::vector<Field> row = spec_.row;
    row.push_back({std::string(kChange), int_type()});
    Arena arena;
    Block block = allocate_block(flatten(row), 1, arena);
    block.rows = 1;
    block.time[0] = number;
    const std::string text = name(number);
    const Slot tag = slot_bytes("old");
    Slot kind = slot_i64(0), tags = slot_i64(0);
    kind.i32 = static_cast<int32_t>(number % 2);
    tags.list = {.items = &tag, .count = number % 5 == 0 ? 1u : 0u};
    const Slot slots[] = {
        slot_bytes(text),         kind, slot_u8(number % 3 != 0), slot_i64(number % 3 != 0 ? number * 1'000'000 : 0),
        slot_u8(number % 5 == 0), tags, slot_i64(number),         slot_i64(static_cast<int64_t>(RowChange::comes))};
    for (size_t leaf = 0; leaf < std::size(slots); ++leaf) write_slot(block.columns[leaf], 0, slots[leaf]);
    writer_->write(block);
  }
  void commit(uint64_t epoch) {
    StateBatch batch;
    ASSERT_TRUE(writer_->put(writer_->take(), epoch, 0, store_, batch).ok());
    ASSERT_TRUE(store_.commit(batch).ok());
  }
  static std::string name(int64_t number) { return fmt::format("n{:03}", number); }

  /// What a client makes of reflection.
  void build_pool() {
    GrpcSession session(handler_, clock_);
    Client client(session);
    std::string ask;
    append_sized(ask, 4, "shop.shelf.v2.View");
    const int32_t call = client.open("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", framed(ask));
    client.run();
    ASSERT_THAT(client.at(call).messages, SizeIs(1)) << client.at(call).reason;
    std::vector<pb::FileDescriptorProto> files;
    read_message(client.at(call).messages[0], [&](const WireValue& part) {
      if (part.number == 4)
        read_message(part.bytes, [&](const WireValue& file) {
          ASSERT_TRUE(files.emplace_back().ParseFromArray(file.bytes.data(), static_cast<int>(file.bytes.size())));
        });
    });
    // What a file imports comes behind it.
    for (size_t tries = 0; tries <= files.size(); ++tries)
      for (const pb::FileDescriptorProto& file : files) {
        const bool ready = std::ranges::all_of(
            file.dependency(), [&](const std::string& each) { return pool_.FindFileByName(each) != nullptr; });
        if (ready && pool_.FindFileByName(file.name()) == nullptr) ASSERT_NE(pool_.BuildFile(file), nullptr);
      }
    ASSERT_NE(pool_.FindServiceByName("shop.shelf.v2.View"), nullptr);
  }
  std::string bytes(const std::string& type, const std::string& json) {
    std::unique_ptr<pb::Message> message(
        messages_.GetPrototype(pool_.FindMessageTypeByName("shop.shelf.v2." + type))->New());
    const auto status = pb::util::JsonStringToMessage(json, message.get());
    EXPECT_TRUE(status.ok()) << status.ToString();
    return message->SerializeAsString();
  }
  std::string json(const std::string& type, const std::string& bytes) {
    std::unique_ptr<pb::Message> message(
        messages_.GetPrototype(pool_.FindMessageTypeByName("shop.shelf.v2." + type))->New());
    EXPECT_TRUE(message->ParseFromString(bytes));
    std::string text;
    (void)pb::util::MessageToJsonString(*message, &text);
    return text;
  }
  Call call(const std::string& method, const std::string& request,
            std::vector<std::pair<std::string, std::string>> headers = {}) {
    GrpcSession session(handler_, clock_);
    Client client(session);
    const int32_t stream = client.open("/shop.shelf.v2.View/" + method, framed(request), std::move(headers));
    client.run();
    return client.at(stream);
  }

  ProductSpec spec_;
  MemoryStore store_;
  ManualClock clock_{1};
  ViewHost host_{clock_};
  std::optional<ViewWriter> writer_;
  std::string status_ = "ok";
  std::unique_ptr<GrpcApi> api_;
  GrpcHandler handler_;
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory messages_{&pool_};
};

TEST_F(GrpcTest, GivesTheRowOfAKey) {
  const Call got = call("Get", bytes("GetRequest", R"({"key":{"name":"n010"}})"));
  EXPECT_EQ(got.http_status, "200");
  EXPECT_EQ(got.status, "0") << got.reason;
  ASSERT_THAT(got.messages, SizeIs(1));
  using Json = nlohmann::json;
  EXPECT_EQ(
      Json::parse(json("GetReply", got.messages[0])),
      Json::parse(
          R"({"at":{"epoch":"1","watermark":"1970-01-01T00:00:05.500Z","status":"ok","version":"2"},)"
          R"("row":{"since":"1970-01-01T00:00:10Z","tags":"[\"old\"]","kind":"wood","size":"10","name":"n010"}})"));
  const Call part = call("Get", bytes("GetRequest", R"({"key":{"name":"n010"},"fields":["size"]})"));
  EXPECT_THAT(json("GetReply", part.messages.at(0)), HasSubstr(R"("row":{"size":"10"})"));
}

TEST_F(GrpcTest, SaysWhyThereIsNoRow) {
  EXPECT_EQ(call("Get", bytes("GetRequest", R"({"key":{"name":"none"}})")).status, "5");
  EXPECT_EQ(call("Get", "\x0a\x7f").status, "3");
  EXPECT_EQ(call("Get", "").status, "5");  // the name is empty
  const Call field = call("Get", bytes("GetRequest", R"({"key":{"name":"n010"},"fields":["sice"]})"));
  EXPECT_EQ(field.status, "3");
  EXPECT_THAT(field.reason, HasSubstr("has no field `sice`"));
  EXPECT_EQ(call("Take", "").status, "12");
  const Call old =
      call("Get", bytes("GetRequest", R"({"key":{"name":"n010"},"asOf":{"time":"1970-01-01T00:00:00Z"}})"));
  EXPECT_EQ(old.status, "3");
  EXPECT_THAT(old.reason, HasSubstr("`keep` is not set"));
}

TEST_F(GrpcTest, ScansAllRowsOfOneEpoch) {
  GrpcSession session(handler_, clock_);
  Client client(session);
  const int32_t scan = client.open("/shop.shelf.v2.View/Scan", framed(""));
  client.run();
  const Call& got = client.at(scan);
  EXPECT_EQ(got.status, "0") << got.reason;
  std::string all;
  for (const std::string& message : got.messages) all += json("ScanReply", message);
  for (int64_t number = 0; number < kRows; ++number) EXPECT_THAT(all, HasSubstr("\"" + name(number) + "\""));
}

TEST_F(GrpcTest, ChoosesRows) {
  const Call got =
      call("Scan",
           bytes("ScanRequest", R"({"where":[{"field":"size","op":"GE","value":"10"},{"field":"kind","value":"iron"},)"
                                R"({"field":"since","op":"IS_NULL"}],"order":"-size","limit":"2","fields":["name"]})"));
  EXPECT_EQ(got.status, "0") << got.reason;
  ASSERT_THAT(got.messages, SizeIs(1));
  const std::string first = json("ScanReply", got.messages[0]);
  EXPECT_THAT(first, HasSubstr(R"("rows":[{"name":"n297"},{"name":"n291"}])"));
  // On from there, in the epoch of the first.
  const size_t at = first.find("\"next\":\"") + 8;
  const std::string next = first.substr(at, first.find('"', at) - at);
  put(299);
  commit(2);
  host_.committed({.epoch = 2});
  const std::string where =
      R"({"where":[{"field":"size","op":"GE","value":"10"},{"field":"kind","value":"iron"},{"field":"since","op":"IS_NULL"}],)"
      R"("order":"-size","limit":"1","fields":["name"],"after":")";
  const Call more = call("Scan", bytes("ScanRequest", where + next + "\"}"));
  ASSERT_THAT(more.messages, SizeIs(1)) << more.reason;
  EXPECT_THAT(json("ScanReply", more.messages[0]), HasSubstr(R"("epoch":"1")"));
  EXPECT_THAT(json("ScanReply", more.messages[0]), HasSubstr(R"("rows":[{"name":"n285"}])"));
  clock_.advance_us(Api::kTokenHolds + 1);
  host_.committed({.epoch = 3});
  EXPECT_EQ(call("Scan", bytes("ScanRequest", where + next + "\"}")).status, "11");
}

TEST_F(GrpcTest, WaitsForAnEpoch) {
  GrpcSession session(handler_, clock_);
  Client client(session);
  const std::string request = bytes("GetRequest", R"({"key":{"name":"n001"},"minEpoch":"2","wait":"2s"})");
  const int32_t first = client.open("/shop.shelf.v2.View/Get", framed(request));
  client.run();
  EXPECT_FALSE(client.at(first).closed);
  EXPECT_TRUE(session.waits());
  commit(2);
  host_.committed({.epoch = 2});
  client.run();
  EXPECT_EQ(client.at(first).status, "0");
  const int32_t second =
      client.open("/shop.shelf.v2.View/Get", framed(bytes("GetRequest", R"({"key":{},"minEpoch":"9","wait":"2s"})")));
  const int32_t third =
      client.open("/shop.shelf.v2.View/Get", framed(bytes("GetRequest", R"({"minEpoch":"9","wait":"2s"})")),
                  {{"grpc-timeout", "1500m"}});
  client.run();
  EXPECT_FALSE(client.at(third).closed);
  clock_.advance_us(1'600'000);
  client.run();
  EXPECT_EQ(client.at(third).status, "4");
  EXPECT_FALSE(client.at(second).closed);
  clock_.advance_us(500'000);
  client.run();
  EXPECT_EQ(client.at(second).status, "9");
  EXPECT_FALSE(session.waits());
  EXPECT_TRUE(session.is_idle());
}

TEST_F(GrpcTest, KeepsRowsUntilTheClientReads) {
  GrpcSession session(handler_, clock_);
  Client client(session);
  // The client takes nothing: its window stays as it is.
  for (int64_t number = kRows; number < 3 * kRows; ++number) put(number);
  commit(2);
  host_.committed({.epoch = 2});
  std::vector<int32_t> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(client.open("/shop.shelf.v2.View/Scan", framed("")));
  client.run();
  for (const int32_t each : calls) EXPECT_EQ(client.at(each).status, "0");
}

TEST_F(GrpcTest, TellsTheHealthOfAContract) {
  const auto health = [&](const std::string& service) {
    GrpcSession session(handler_, clock_);
    Client client(session);
    std::string ask;
    append_sized(ask, 1, service);
    const int32_t stream = client.open("/grpc.health.v1.Health/Check", framed(ask));
    client.run();
    return client.at(stream);
  };
  EXPECT_THAT(health("shop.shelf.v2.View").messages, ElementsAre("\x08\x01"));
  EXPECT_THAT(health("").messages, ElementsAre("\x08\x01"));
  EXPECT_EQ(health("shop.shelf.v1.View").status, "5");
  GrpcSession session(handler_, clock_);
  Client client(session);
  std::string ask;
  append_sized(ask, 1, "shop.shelf.v2.View");
  const int32_t watch = client.open("/grpc.health.v1.Health/Watch", framed(ask));
  client.run();
  status_ = "breached";
  client.run();
  client.run();
  EXPECT_THAT(client.at(watch).messages, ElementsAre("\x08\x01", "\x08\x02"));
  EXPECT_THAT(health("shop.shelf.v2.View").messages, ElementsAre("\x08\x02"));
}

TEST_F(GrpcTest, AnswersReflectionAsOneAsks) {
  GrpcSession session(handler_, clock_);
  Client client(session);
  std::string services, unknown;
  append_sized(services, 7, "");
  append_sized(unknown, 4, "shop.none");
  const int32_t stream =
      client.open("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", framed(services), {}, false);
  client.run(1);
  ASSERT_THAT(client.at(stream).messages, SizeIs(1));
  EXPECT_THAT(client.at(stream).messages[0], HasSubstr("shop.shelf.v2.View"));
  EXPECT_FALSE(client.at(stream).closed);
  client.send(stream, framed(unknown), true);
  client.run(1);
  ASSERT_THAT(client.at(stream).messages, SizeIs(2));
  EXPECT_THAT(client.at(stream).messages[1], HasSubstr("there is no `shop.none`"));
  EXPECT_EQ(client.at(stream).status, "0");
}

TEST_F(GrpcTest, BehindTheGateNoMessageIsLost) {
  AccessOptions options;
  options.consumers.push_back(
      {.consumer =
           {.name = "board", .key = "consumer board", .domain = {}, .roles = {}, .user = "board", .purpose = {}},
       .token_digest = sha256_hex("a-token-of-the-board")});
  Gate gate(options, nullptr, clock_);
  std::string services, body;
  append_sized(services, 7, "");
  for (int i = 0; i < 20; ++i) body += framed(services);
  // The session has the handler for itself.
  GrpcSession session(behind_gate(gate, clock_, handler_), clock_);
  Client client(session);
  const auto ask = [&](std::vector<std::pair<std::string, std::string>> headers) {
    const int32_t stream =
        client.open("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", body, std::move(headers));
    client.run();
    return stream;
  };
  const int32_t known = ask({{"authorization", "Bearer a-token-of-the-board"}});
  EXPECT_THAT(client.at(known).messages, SizeIs(20));
  EXPECT_EQ(client.at(known).status, "0");
  const int32_t unknown = ask({{"authorization", "Bearer another-token-of-nobody"}});
  EXPECT_THAT(client.at(unknown).messages, SizeIs(0));
  EXPECT_EQ(client.at(unknown).status, "16");
}

TEST_F(GrpcTest, ACallEndsWithTheTokenThatLetItIn) {
  AccessOptions options;
  options.consumers.push_back({.consumer = {.name = "guest",
                                            .key = "consumer guest",
                                            .domain = {},
                                            .roles = {},
                                            .user = "guest",
                                            .purpose = {},
                                            .until_us = clock_.now_us() + 1'000'000},
                               .token_digest = sha256_hex("a-token-of-the-guest")});
  Gate gate(options, nullptr, clock_);
  GrpcSession session(behind_gate(gate, clock_, handler_), clock_);
  Client client(session);
  std::string ask;
  append_sized(ask, 1, "shop.shelf.v2.View");
  const int32_t watch =
      client.open("/grpc.health.v1.Health/Watch", framed(ask), {{"authorization", "Bearer a-token-of-the-guest"}});
  client.run();
  EXPECT_THAT(client.at(watch).messages, SizeIs(1));
  clock_.advance_us(1'000'000);
  status_ = "breached";
  client.run();
  EXPECT_THAT(client.at(watch).messages, SizeIs(1));
  EXPECT_EQ(client.at(watch).status, "16");
}

TEST_F(GrpcTest, RefusesWhatIsNoCall) {
  const auto ends = [&](std::string body, std::vector<std::pair<std::string, std::string>> headers) {
    GrpcSession session(handler_, clock_);
    Client client(session);
    const int32_t stream = client.open("/shop.shelf.v2.View/Get", std::move(body), std::move(headers));
    client.run();
    const Call& call = client.at(stream);
    return call.http_status + "/" + call.status;
  };
  EXPECT_EQ(ends("", {{":method", "GET"}}), "405/");
  EXPECT_EQ(ends("", {{"content-type", "text/html"}}), "415/");
  EXPECT_EQ(ends("", {}), "200/3");
  EXPECT_EQ(ends(framed("").substr(0, 3), {}), "200/3");
  EXPECT_EQ(ends(std::string("\x01\0\0\0\0", 5), {}), "200/12");
  EXPECT_EQ(ends(std::string("\0\x7f\0\0\0", 5), {}), "200/8");
  EXPECT_EQ(ends(framed(""), {{"grpc-timeout", "soon"}}), "200/3");
  EXPECT_EQ(ends(framed(""), {{"more", std::string(9000, 'x')}}), "200/8");
}

TEST_F(GrpcTest, OutlivesBrokenFrames) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    GrpcSession session(handler_, clock_);
    std::string bytes;
    {
      GrpcSession other(handler_, clock_);
      Client client(other);
      client.open("/shop.shelf.v2.View/Scan", framed(""));
      const uint8_t* sent = nullptr;
      for (ssize_t size = 0; (size = nghttp2_session_mem_send(client.session(), &sent)) > 0;)
        bytes.append(reinterpret_cast<const char*>(sent), static_cast<size_t>(size));
    }
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::string out;
    for (size_t at = 0; at < bytes.size(); at += 7) {
      const bool reads = session.take(std::string_view(bytes).substr(at, 7));
      session.give(out, 1 << 16);
      if (!reads) break;
    }
    EXPECT_LT(out.size(), 1u << 20);
  }
}

TEST(ProductFile, KeepsNumbersWhenFieldsComeAndGo) {
  const auto numbers = [](std::vector<Field> row) {
    const Result<ProductFile> file =
        product_file_of({.domain = "a", .name = "b", .row = row, .key = {"id"}, .keyed = true});
    EXPECT_TRUE(file.ok());
    std::map<std::string, uint32_t> made;
    for (size_t i = 0; i < row.size(); ++i) made[row[i].name] = file->columns[i].number;
    return made;
  };
  const Field id{"id", int_type()}, kind{"kind", enum_type({"x", "y"})},
      place{"place", struct_type({{"city", string_type()}})};
  const auto all = numbers({id, kind, place});
  EXPECT_EQ(numbers({place, id}).at("id"), all.at("id"));
  EXPECT_EQ(numbers({place, id}).at("place"), all.at("place"));
  EXPECT_EQ(all.size(), 3u);
}

}  // namespace
}  // namespace braid::serve
