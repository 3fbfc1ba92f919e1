// A service of the simulation: what it answers tells how often it has been asked, by all instances, so that a question
// that is asked again has another answer. It fails, and takes longer than a broker keeps a transaction open.
#pragma once

#include <map>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/rng.h"
#include "runtime/engine/test_program.h"
#include "runtime/lookup/service.h"

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
      } else if (request.arguments.at(0).ends_with("7Z")) {
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

/// Rows with what the service answers to their time, and their windows; `cache_us`: as ServiceSpec has it.
inline Program asking(ProgramBuilder& b, std::optional<int64_t> cache_us) {
  ServiceSpec service;
  service.name = "test.count";
  service.parameters = {{"at", timestamp_type()}};
  service.result = {{"n", int_type()}};
  service.cache_us = cache_us;
  service.cache_rows = 40;
  service.parallel = 3;
  service.retries = 2;
  service.identity = 7;
  b.program.services.push_back(service);
  Operator op;
  op.content = LookupOperator{.service = 0,
                              .arguments = 1,
                              .left = false,
                              .unmatched_site = b.site(Site::Kind::unmatched),
                              .failed_site = b.site(Site::Kind::rejected)};
  op.inputs = {b.source("s", 30)};
  op.row = {{"k", string_type()}, {"v", int_type()}, {"answer", struct_type({{"n", int_type()}})}};
  op.text = "lookup count";
  const int looked = b.add(std::move(op));
  const int windows = b.group(looked, 40, 40);
  b.publish(looked, "p0");
  b.program.operators[static_cast<size_t>(b.publish(windows, "p1"))].products = {1};
  find_products(b.program);
  return b.program;
}

}  // namespace braid::test
