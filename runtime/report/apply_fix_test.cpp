#include "runtime/report/apply_fix.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(ApplyEdits, ReplacesInsertsAndDeletesInAnyOrder) {
  EXPECT_EQ(apply_edits("one two three", 0, {{{0, 8, 13}, "3"}, {{0, 0, 0}, "> "}, {{0, 3, 7}, ""}}), "> one 3");
  EXPECT_EQ(apply_edits("ab", 0, {{{0, 2, 2}, "c"}, {{0, 2, 2}, "d"}}), "abcd");
  EXPECT_EQ(apply_edits("ab", 0, {}), "ab");
}

TEST(ApplyEdits, LeavesOtherFilesAlone) {
  EXPECT_EQ(apply_edits("ab", 1, {{{0, 0, 2}, "x"}}), "ab");
}

TEST(ApplyEdits, RefusesOverlapsAndPlacesOutside) {
  EXPECT_EQ(apply_edits("abcd", 0, {{{0, 0, 2}, "x"}, {{0, 1, 3}, "y"}}), std::nullopt);
  EXPECT_EQ(apply_edits("abcd", 0, {{{0, 3, 5}, "x"}}), std::nullopt);
  EXPECT_EQ(apply_edits("abcd", 0, {{{0, 3, 2}, "x"}}), std::nullopt);
  EXPECT_EQ(apply_edits("abcd", 0, {{{0, 0, 2}, "x"}, {{0, 2, 3}, "y"}}), "xyd");
}

}  // namespace
}  // namespace braid
