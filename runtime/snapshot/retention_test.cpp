#include "runtime/snapshot/retention.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace braid {
namespace {

const std::string kId(32, 'a');
constexpr RetentionLimits kLimits{.superseded_us = 100, .orphan_us = 1000};

std::string file(int64_t at, const std::string& path) {
  return object_name(at, kId, path);
}

/// Put at `at`, of the files put at these times.
ListedManifest snapshot(uint64_t epoch, int64_t at, const std::vector<int64_t>& files, uint64_t digest = 1) {
  SnapshotManifest manifest{{"j", "t"}, 0, {epoch, digest}, {}};
  for (const int64_t put_at : files) manifest.files.push_back({"f", 1, 1, file(put_at, "f")});
  return {{{epoch, digest}, at, kId}, manifest};
}

struct View {
  std::vector<ListedManifest> manifests;
  std::vector<std::string> files;
  std::vector<ManifestName> known;
  Removals plan(int64_t now) const { return plan_retention(manifests, files, known, now, kLimits); }
};

/// Epochs 1 to 4, each with a file of its own and one in common with the one before.
View four() {
  View view;
  for (int64_t i = 1; i <= 4; ++i) {
    view.manifests.push_back(snapshot(static_cast<uint64_t>(i), i * 10, {i - 1, i}));
    view.known.push_back(view.manifests.back().name);
    view.files.push_back(file(i, "f"));
  }
  view.files.push_back(file(0, "f"));
  return view;
}

TEST(Retention, keeps_the_last_two_and_what_they_refer_to) {
  const Removals removals = four().plan(200);
  EXPECT_EQ(removals.manifests,
            (std::vector<std::string>{four().manifests[0].name.text(), four().manifests[1].name.text()}));
  EXPECT_EQ(removals.files, (std::vector<std::string>{file(1, "f"), file(0, "f")}));
}

TEST(Retention, waits_until_the_second_has_been_there_for_a_while) {
  EXPECT_TRUE(four().plan(30 + 99).manifests.empty());
  EXPECT_TRUE(four().plan(30 + 99).files.empty());
  EXPECT_EQ(four().plan(30 + 100).manifests.size(), 2u);
}

TEST(Retention, counts_only_snapshots_of_the_chain) {
  View view = four();
  view.known = {view.manifests[1].name};
  EXPECT_TRUE(view.plan(500).manifests.empty());
  view.known.push_back(view.manifests[3].name);
  EXPECT_EQ(view.plan(500).manifests.size(), 1u);  // below epoch 2
  EXPECT_TRUE(view.plan(10).manifests.empty());
}

TEST(Retention, keeps_what_is_newer_than_the_own_ones) {
  View view = four();
  view.manifests.push_back(snapshot(90, 50, {7}, 99));
  view.files.push_back(file(7, "f"));
  const Removals removals = view.plan(5000);
  EXPECT_EQ(removals.manifests.size(), 2u);
  EXPECT_EQ(std::count(removals.files.begin(), removals.files.end(), file(7, "f")), 0);
}

TEST(Retention, takes_files_that_nobody_needs_when_they_are_older_than_any_upload) {
  View view = four();
  view.files = {file(300, "on its way"), "readme"};
  EXPECT_TRUE(view.plan(300 + 999).files.empty());
  EXPECT_EQ(view.plan(300 + 1000).files, (std::vector<std::string>{file(300, "on its way")}));
}

TEST(Retention, takes_no_file_while_it_cannot_read_what_a_snapshot_needs) {
  View view = four();
  view.manifests[3].content.reset();
  view.known.pop_back();  // epochs 2 and 3 are the last two that can be read
  const Removals removals = view.plan(5000);
  EXPECT_EQ(removals.manifests.size(), 1u);
  EXPECT_TRUE(removals.files.empty());
  view = four();
  view.manifests[0].content.reset();  // goes anyway
  EXPECT_FALSE(view.plan(5000).files.empty());
}

}  // namespace
}  // namespace braid
