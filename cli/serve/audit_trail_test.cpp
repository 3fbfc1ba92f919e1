// What jobs record of their reads and promises, over restarts and a registry that is away.
#include "cli/serve/audit_trail.h"

#include <gtest/gtest.h>

#include <atomic>

#include "mesh/registry/memory_store.h"
#include "mesh/registry/observed_store.h"
#include "runtime/base/sim_fs.h"

namespace braid::cli {
namespace {

mesh::DomainKey new_key() {
  Result<mesh::DomainKey> key = mesh::DomainKey::create();
  EXPECT_TRUE(key.ok());
  return *key;
}

/// Read by the thread that writes, too.
class SharedClock final : public Clock {
 public:
  int64_t now_us() override { return now_us_; }
  int64_t steady_us() override { return now_us_; }
  void sleep_us(int64_t us) override { now_us_ += us; }
  void advance_us(int64_t us) { now_us_ += us; }

 private:
  std::atomic<int64_t> now_us_ = 1'700'000'000'000'000;
};

class Trails : public testing::Test {
 protected:
  std::unique_ptr<AuditTrail> start(int64_t every_us = 3'600'000'000) {
    TrailOptions options{.domains = {"kpi"},
                         .uses = {{.domain = "kpi",
                                   .reader = "kpi.volume",
                                   .version = 1,
                                   .input = "payments.payment",
                                   .input_version = 2,
                                   .columns = {"amount", "at"},
                                   .subject = "urn:braid:acme:payments:payment:2",
                                   .grant = "3f2a9c1b04de",
                                   .purpose = "reporting"}},
                         .store = "/store",
                         .tenant = "acme",
                         .environment = "prod",
                         .every_us = every_us};
    return std::make_unique<AuditTrail>(
        std::move(options), std::make_unique<mesh::ObservedStore>(store_, [](std::string_view) {}), key_, fs_, clock_);
  }
  static JobStatus rows(int64_t rows) {
    JobStatus status;
    JobReport::Product product{.name = "kpi.volume", .version = 1};
    product.inputs.push_back({.name = "payments.payment", .ledger = {.in = rows}});
    product.inputs.push_back({.name = "kpi.own", .ledger = {.in = 77}});
    status.report.products.push_back(product);
    return status;
  }
  std::vector<mesh::AuditEvent> events() {
    mesh::AuditLog log(store_, clock_, "acme", "kpi");
    const Result<std::vector<mesh::ChainedEvent>> read = log.read();
    EXPECT_TRUE(read.ok()) << read.error().message;
    std::vector<mesh::AuditEvent> made;
    if (read.ok())
      for (const mesh::ChainedEvent& one : *read) made.push_back(one.event);
    return made;
  }

  mesh::MemoryStore store_;
  SimFs fs_{1};
  SharedClock clock_;
  mesh::DomainKey key_ = new_key();

  Trails() { EXPECT_TRUE(fs_.make_directories("/store").ok()); }
};

TEST_F(Trails, SumReadsOverAnInterval) {
  auto trail = start();
  trail->look(rows(0));
  trail->look(rows(10));
  clock_.advance_us(3'600'000'000);
  trail->look(rows(25));
  trail->look(rows(30));
  trail->end();
  trail.reset();
  const std::vector<mesh::AuditEvent> all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].type, mesh::AuditType::access_used);
  EXPECT_EQ(all[0].subject, "urn:braid:acme:payments:payment:2");
  EXPECT_EQ(all[0].data, (std::map<std::string, std::string>{{"reader", "kpi"},
                                                             {"by", "kpi.volume@1"},
                                                             {"columns", "amount, at"},
                                                             {"grant", "3f2a9c1b04de"},
                                                             {"purpose", "reporting"},
                                                             {"environment", "prod"},
                                                             {"from", "2023-11-14T22:13:20Z"},
                                                             {"until", "2023-11-14T23:13:20Z"},
                                                             {"rows", "25"},
                                                             {"total", "25"}}));
  EXPECT_EQ(all[1].data.at("rows"), "5");
  EXPECT_EQ(all[1].data.at("total"), "30");
}

JobStatus of_tasks(const std::map<int32_t, int64_t>& rows) {
  JobStatus status;
  for (const auto& [number, count] : rows) {
    JobReport::Product product{.name = "kpi.volume", .version = 1};
    product.inputs.push_back({.name = "payments.payment", .ledger = {.in = count}});
    status.tasks.push_back({.number = number, .products = {product}, .rows_before = {0}});
  }
  return status;
}

/// The second instance has a store of its own, and the task that it takes over has 40 rows on record.
TEST_F(Trails, CountATaskThatMovesOnce) {
  auto one = start(1'000'000);
  one->look(of_tasks({{0, 40}, {1, 60}}));
  one->end();
  one.reset();
  ASSERT_EQ(events().size(), 1U);
  EXPECT_EQ(events()[0].data.at("rows"), "100");
  EXPECT_EQ(events()[0].data.at("tasks"), "0=40, 1=60");
  auto two = start(1'000'000);
  two->look(of_tasks({{0, 45}}));
  two->end();
  two.reset();
  ASSERT_EQ(events().size(), 2U);
  EXPECT_EQ(events()[1].data.at("rows"), "5");
  EXPECT_EQ(events()[1].data.at("total"), "45");
  one = start(1'000'000);
  one->look(of_tasks({{1, 60}}));
  one->end();
  one.reset();
  EXPECT_EQ(events().size(), 2U);  // all of it is on record
  one = start(1'000'000);
  one->look(of_tasks({{0, 47}, {1, 61}}));
  one->end();
  one.reset();
  ASSERT_EQ(events().size(), 3U);
  EXPECT_EQ(events()[2].data.at("rows"), "3");
}

TEST_F(Trails, CountATaskThatStartsOver) {
  auto trail = start(1'000'000);
  trail->look(of_tasks({{0, 40}, {1, 60}}));
  trail->end();
  trail.reset();
  trail = start(1'000'000);
  trail->look(of_tasks({{0, 4}, {1, 6}}));
  trail->end();
  trail.reset();
  ASSERT_EQ(events().size(), 2U);
  EXPECT_EQ(events()[1].data.at("rows"), "10");
}

TEST_F(Trails, AreNotWrittenWithoutRows) {
  auto trail = start();
  trail->look(rows(0));
  trail->end();
  trail.reset();
  EXPECT_TRUE(events().empty());
}

TEST_F(Trails, GoOnBehindARestart) {
  auto trail = start();
  trail->look(rows(10));
  trail->end();
  trail.reset();
  trail = start();
  trail->look(rows(10));
  trail->look(rows(14));
  trail.reset();  // killed: these four are not on record
  trail = start();
  trail->look(rows(15));
  trail->end();
  trail.reset();
  const std::vector<mesh::AuditEvent> all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].data.at("rows"), "5");
  EXPECT_EQ(all[1].data.at("total"), "15");
}

TEST_F(Trails, CountFromTheBeginningBehindAReset) {
  auto trail = start();
  trail->look(rows(10));
  trail->end();
  trail.reset();
  trail = start();
  trail->look(rows(3));
  trail->end();
  trail.reset();
  ASSERT_EQ(events().size(), 2U);
  EXPECT_EQ(events()[1].data.at("rows"), "3");
}

TEST_F(Trails, CanLeaveOutReads) {
  auto trail = start(0);
  trail->look(rows(10));
  trail->end();
  trail.reset();
  EXPECT_TRUE(events().empty());
}

TEST_F(Trails, RecordBreachesAndRecoveries) {
  auto trail = start();
  JobStatus::Promise promise{.relation = "kpi.volume", .version = 1, .text = "fresh within 5m"};
  promise.status.since = 1'700'000'000'000'000;
  trail->note(promise, true);
  trail->note(promise, false);
  promise.relation = "another.product";
  trail->note(promise, true);
  trail.reset();
  const std::vector<mesh::AuditEvent> all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].type, mesh::AuditType::contract_breached);
  EXPECT_EQ(all[1].type, mesh::AuditType::contract_recovered);
  EXPECT_EQ(all[0].subject, "urn:braid:acme:kpi:volume:1");
  EXPECT_EQ(all[0].data.at("promise"), "fresh within 5m");
  EXPECT_EQ(all[0].time_us, 1'700'000'000'000'000);
}

}  // namespace
}  // namespace braid::cli
