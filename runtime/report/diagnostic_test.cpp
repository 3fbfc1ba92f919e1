#include "runtime/report/diagnostic.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(Diagnostic, RendersItsMessageFromTypedArguments) {
  const Diagnostic made = diag::UnknownVersion{.name = "profile", .version = 3}.make();
  EXPECT_EQ(made.message, "`profile` has no version 3");
  EXPECT_EQ(code_text(made), "E2120");
  EXPECT_EQ(code_text(diag::CompleteNeverNull{.field = "id"}.make()), "W4103");
  EXPECT_EQ((diag::KeyDisagrees{.relation = "r", .stated = {"a"}, .found = {"b", "c"}}.make().message),
            "`r` declares the key `a`, but its flow has the key `b`, `c`");
}

TEST(Reporter, RestoresSourceOrderAndReportsOncePerPlace) {
  Reporter reporter;
  reporter.report(diag::UnknownName{.name = "b"}).at({0, 9, 10});
  reporter.report(diag::UnknownName{.name = "a"}).at({0, 3, 4});
  reporter.report(diag::UnknownName{.name = "b"}).at({0, 9, 10});
  reporter.report(diag::CompleteNeverNull{.field = "c"}).at({1, 0, 1});
  EXPECT_TRUE(reporter.has_errors());
  const std::vector<Diagnostic> sorted = reporter.take_sorted();
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].message, "there is no `a` here");
  EXPECT_EQ(sorted[1].message, "there is no `b` here");
  EXPECT_EQ(code_text(sorted[2]), "W4103");
  EXPECT_EQ(reporter.size(), 0u);
}

TEST(Reporter, WarningsAreNoErrors) {
  Reporter reporter;
  reporter.report(diag::CompleteNeverNull{.field = "c"});
  EXPECT_FALSE(reporter.has_errors());
}

}  // namespace
}  // namespace braid
