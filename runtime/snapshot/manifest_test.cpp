#include "runtime/snapshot/manifest.h"

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/stream_digest.h"

namespace braid {
namespace {

const std::string kId(32, 'a');

SnapshotManifest example() {
  SnapshotManifest manifest{{"shop/orders & co", ".."}, 0xABCDEF, {41, 0x1234567890ABCDEF}, {}};
  manifest.files.push_back({"identity", 90, 7, object_name(5, kId, "identity")});
  manifest.files.push_back({"state/000012.sst", 1 << 20, ~uint64_t{0}, object_name(6, kId, "state/000012.sst")});
  return manifest;
}

TEST(SnapshotManifest, is_read_as_it_was_written) {
  const SnapshotManifest manifest = example();
  const auto read = SnapshotManifest::parse(manifest.encode());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->owner.job, manifest.owner.job);
  EXPECT_EQ(read->owner.task, "..");
  EXPECT_EQ(read->program, manifest.program);
  EXPECT_EQ(read->chain, manifest.chain);
  EXPECT_EQ(read->files, manifest.files);
  EXPECT_EQ(read->bytes(), 90u + (1 << 20));
}

TEST(SnapshotManifest, with_any_byte_changed_or_missing_is_damaged) {
  const std::string text = example().encode();
  Rng rng(3);
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(SnapshotManifest::parse(text.substr(0, i)).ok()) << i;
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ static_cast<char>(1 + rng.below(127)));
    EXPECT_FALSE(SnapshotManifest::parse(other).ok()) << other;
  }
}

TEST(SnapshotManifest, of_a_later_format_says_so) {
  const auto read = SnapshotManifest::parse("braid snapshot 2\nanything\n");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message, "it has format 2, and this program reads 1");
}

TEST(SnapshotManifest, whose_files_lead_out_of_the_folder_is_damaged) {
  for (const char* path : {"../identity", "/etc/passwd", "state//x", "state/./x", "state/..", "a/", ""}) {
    SnapshotManifest manifest = example();
    manifest.files[0].path = path;
    EXPECT_FALSE(SnapshotManifest::parse(manifest.encode()).ok()) << path;
  }
  for (const std::string& object : {object_name(5, kId, "x") + "/../y", std::string("x"), std::string()}) {
    SnapshotManifest manifest = example();
    manifest.files[0].object = object;
    EXPECT_FALSE(SnapshotManifest::parse(manifest.encode()).ok()) << object;
  }
}

TEST(SnapshotNames, sort_by_epoch_and_are_those_of_one_folder) {
  const ManifestName name{{9, 5}, 1'700'000'000'000'000, kId}, later{{10, 1}, 3, kId};
  EXPECT_LT(name.text(), later.text());
  EXPECT_EQ(ManifestName::parse(name.text()), name);
  EXPECT_FALSE(ManifestName::parse(name.text() + ".tmp"));
  EXPECT_FALSE(ManifestName::parse("readme"));
  EXPECT_EQ(object_time(object_name(123, kId, "state/000001.sst")), 123);
  EXPECT_FALSE(object_time("readme"));
  const SnapshotOwner owner{"..", "a/b"};
  EXPECT_EQ(owner.files(), "%2E%2E/a%2Fb/files");
  EXPECT_EQ(owner.manifests(), "%2E%2E/a%2Fb/manifests");
}

}  // namespace
}  // namespace braid
