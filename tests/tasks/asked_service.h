// A service of the simulation: what it answers tells how often it has been asked, by all instances, so that a question
// that is asked again has another answer. It fails, and takes longer than a broker keeps a transaction open.
#pragma once

#include <map>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/rng.h"
#include "runtime/engine/test_program.h"
#include "runtime/lookup/service.h"
#include "tests/tasks/joined_tables.h"

namespace braid::test {

/// Of all instances.
struct AskedBook {
  int64_t asked = 0;
  int64_t failed = 0;
  bool calm = true;  ///< it answers at once
};

class AskedService final : public Service {
 public:
  AskedService(AskedBook& book, Clock& clock, uint64_t seed) : book_(book), clock_(clock), rng_(seed) {}
  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override {
    if (!book_.calm) clock_.sleep_us(rng_.chance(60) ? kLong : rng_.between(0, 50'000));
    std::vector<ServiceReply> replies;
    for (const ServiceRequest& request : requests) {
      ServiceReply& reply = replies.emplace_back();
      ++book_.asked;
      // Another attempt has an answer.
      bool& failed = failed_[request.arguments.at(0)];
      failed = !book_.calm && !failed && rng_.chance(8);
      if (failed) {
        ++book_.failed;
        reply = {.kind = ServiceReply::Kind::failed, .record = {}, .reason = "busy", .again = true};
      } else if (request.arguments.at(0).ends_with("7Z") || request.arguments.at(0) == "3") {
        reply.kind = ServiceReply::Kind::nothing;
      } else {
        reply.kind = ServiceReply::Kind::found;
        reply.record = "{\"n\": " + std::to_string(book_.asked) + "}";
      }
    }
    return replies;
  }

 private:
  static constexpr int64_t kLong = 12'000'000;

  AskedBook& book_;
  Clock& clock_;
  Rng rng_;
  std::map<std::string, bool> failed_;
};

inline void add_count(Program& program, Field parameter, std::optional<int64_t> cache_us) {
  ServiceSpec service;
  service.name = "test.count";
  service.parameters = {std::move(parameter)};
  service.result = {{"n", int_type()}};
  service.cache_us = cache_us;
  service.cache_rows = 40;
  service.parallel = 3;
  service.retries = 2;
  service.identity = 7;
  program.services.push_back(std::move(service));
}

inline Field answer_of_count() {
  return {"answer", struct_type({{"n", int_type()}})};
}

/// Of each `k` the newest row, with what the service answers to its `v`; once by `k`, and once by that and the answer,
/// which shows whether a row goes with the answer that it came with. There is none for a `v` of 3.
inline Program asking_for_tables(ProgramBuilder& b, std::optional<int64_t> cache_us) {
  add_count(b.program, {"v", int_type()}, cache_us);
  const int changes = changes_of_versions(b, b.source("s", 30, 1'000'000, true), {0});
  Operator carried;
  RowsOperator rows;
  rows.kernel = b.kernel(std::make_shared<KeepKernel>(1, [](int64_t) { return true; }, b.site(Site::Kind::filtered)));
  rows.passthrough = {0, 1, 2, 1, 0, 3};
  carried.content = rows;
  carried.inputs = {changes};
  carried.row = {b.row(changes)[0],
                 b.row(changes)[1],
                 b.row(changes)[2],
                 {"?argument0", int_type()},
                 {"?argument1", string_type()},
                 retracted_mark()};
  carried.derived = true;
  carried.text = "carry";
  const int asked = b.add(std::move(carried));
  Operator op;
  op.content = LookupOperator{.service = 0,
                              .arguments = 1,
                              .keys = 1,
                              .retracted = true,
                              .left = false,
                              .unmatched_site = b.site(Site::Kind::unmatched),
                              .failed_site = b.site(Site::Kind::rejected)};
  op.inputs = {asked};
  op.row = {b.row(asked)[0], b.row(asked)[1], b.row(asked)[2], answer_of_count(), retracted_mark()};
  op.derived = true;
  op.text = "lookup count";
  const int looked = b.add(std::move(op));
  for (const std::vector<int>& keys : {std::vector<int>{0}, std::vector<int>{0, 3}}) {
    Operator net;
    net.content = NetOperator{.fields = 4, .retracted = 4, .keys = keys};
    net.inputs = {looked};
    net.row = b.row(looked);
    net.row.back() = {std::string(kChange), int_type()};
    net.derived = true;
    net.text = "changes";
    b.publish(b.add(std::move(net)), "p" + std::to_string(keys.size() - 1));
    ProductSpec& product = b.program.products.back();
    product.changes = true;
    product.row.pop_back();
  }
  find_products(b.program);
  return b.program;
}

/// Rows with what the service answers to their time, and their windows; `cache_us`: as ServiceSpec has it.
inline Program asking(ProgramBuilder& b, std::optional<int64_t> cache_us) {
  add_count(b.program, {"at", timestamp_type()}, cache_us);
  Operator op;
  op.content = LookupOperator{.service = 0,
                              .arguments = 1,
                              .left = false,
                              .unmatched_site = b.site(Site::Kind::unmatched),
                              .failed_site = b.site(Site::Kind::rejected)};
  op.inputs = {b.source("s", 30)};
  op.row = {{"k", string_type()}, {"v", int_type()}, answer_of_count()};
  op.text = "lookup count";
  const int looked = b.add(std::move(op));
  const int windows = b.group(looked, 40, 40);
  b.publish(looked, "p0");
  b.publish(windows, "p1");
  find_products(b.program);
  return b.program;
}

}  // namespace braid::test
