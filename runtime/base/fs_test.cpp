#include "runtime/base/fs.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>

#include <gtest/gtest.h>

#include "runtime/base/sim_fs.h"

namespace braid {
namespace {

void put(Fs& fs, const std::string& path, std::string_view content) {
  auto writer = fs.open_writer(path, OpenMode::replace);
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE((*writer)->append(content).ok());
  ASSERT_TRUE((*writer)->sync().ok());
}

/// What any Fs must do, in an empty directory of its own.
void check_contract(Fs& fs, const std::string& root) {
  std::string deep = root + "/a/b";
  ASSERT_TRUE(fs.make_directories(deep).ok());
  ASSERT_TRUE(fs.make_directories(deep).ok());
  EXPECT_TRUE(fs.stat(deep)->directory);
  EXPECT_FALSE(fs.stat(root + "/none")->exists);
  EXPECT_FALSE(fs.stat(root + "/none/below")->exists);

  std::string path = deep + "/file";
  EXPECT_EQ(fs.open_reader(path).error().system_error, ENOENT);
  EXPECT_EQ(fs.open_writer(path, OpenMode::append).error().system_error, ENOENT);
  {
    auto writer = fs.open_writer(path, OpenMode::create_new);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->append("hello ").ok());
    ASSERT_TRUE((*writer)->append("world").ok());
    EXPECT_EQ(*(*writer)->size(), 11u);
    ASSERT_TRUE((*writer)->truncate(8).ok());
    ASSERT_TRUE((*writer)->append("!").ok());
    ASSERT_TRUE((*writer)->sync().ok());
  }
  EXPECT_EQ(fs.open_writer(path, OpenMode::create_new).error().system_error, EEXIST);
  ASSERT_TRUE(fs.sync_directory(deep).ok());
  EXPECT_EQ(*fs.read_file(path), "hello wo!");
  EXPECT_EQ(fs.stat(path)->size, 9u);

  auto reader = fs.open_reader(path);
  ASSERT_TRUE(reader.ok());
  char buffer[16];
  EXPECT_EQ(*(*reader)->read_at(6, buffer, 16), 3u);
  EXPECT_EQ(std::string_view(buffer, 3), "wo!");
  EXPECT_EQ(*(*reader)->read_at(100, buffer, 16), 0u);
  EXPECT_EQ(*(*reader)->map(1, 4), "ello");
  EXPECT_EQ(*(*reader)->map(9, 0), "");
  EXPECT_FALSE((*reader)->map(5, 5).ok());
  EXPECT_EQ(fs.open_reader(deep).error().system_error, EISDIR);

  ASSERT_TRUE(fs.rename(path, root + "/moved").ok());
  EXPECT_FALSE(fs.stat(path)->exists);
  EXPECT_EQ(*fs.read_file(root + "/moved"), "hello wo!");
  EXPECT_FALSE(fs.rename(path, root + "/again").ok());
  EXPECT_EQ(fs.remove(root + "/a").error().system_error, ENOTEMPTY);
  ASSERT_TRUE(fs.remove(root + "/moved").ok());
  ASSERT_TRUE(fs.remove(root + "/moved").ok());
  ASSERT_TRUE(fs.write_file(root + "/whole", "one").ok());
  ASSERT_TRUE(fs.write_file(root + "/whole", "two").ok());
  EXPECT_EQ(*fs.read_file(root + "/whole"), "two");
  EXPECT_EQ(*fs.list_directory(root), (std::vector<std::string>{"a", "whole"}));

  for (const char* name : {"/p-2.csv", "/p-10.csv", "/p-1.csv", "/P-1.csv", "/.p-1.csv", "/p-1.json"})
    put(fs, root + name, "");
  ASSERT_TRUE(fs.make_directories(root + "/d1.csv").ok());
  put(fs, root + "/d1.csv/x.csv", "");
  EXPECT_EQ(*fs.glob(root + "/p-*.csv"),
            (std::vector<std::string>{root + "/p-1.csv", root + "/p-10.csv", root + "/p-2.csv"}));
  EXPECT_EQ(*fs.glob(root + "/*.csv/*"), (std::vector<std::string>{root + "/d1.csv/x.csv"}));
  EXPECT_EQ(*fs.glob(root + "/whole"), (std::vector<std::string>{root + "/whole"}));
  EXPECT_TRUE(fs.glob(root + "/none*")->empty());
  EXPECT_TRUE(fs.glob(root + "/none/*")->empty());

  auto lock = fs.lock(root + "/lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(fs.lock(root + "/lock").error().system_error, EWOULDBLOCK);
  lock->reset();
  EXPECT_TRUE(fs.lock(root + "/lock").ok());
}

TEST(Fs, RealKeepsTheContract) {
  std::string root = testing::TempDir() + "braid_fs_XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  check_contract(real_fs(), root);
  ASSERT_EQ(std::system(("rm -r " + root).c_str()), 0);
}

TEST(Fs, SimulatedKeepsTheContract) {
  SimFs fs(1);
  ASSERT_TRUE(fs.make_directories("/root").ok());
  check_contract(fs, "/root");
}

TEST(Fs, RealReportsAFullDisk) {
  auto writer = real_fs().open_writer("/dev/full", OpenMode::append);
  ASSERT_TRUE(writer.ok());
  Status status = (*writer)->append("x");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().system_error, ENOSPC);
  EXPECT_EQ(status.error().kind, ErrorKind::output);
  EXPECT_EQ(status.error().message, "cannot write `/dev/full`: No space left on device");
}

TEST(Glob, Patterns) {
  struct Case {
    std::string_view pattern, name;
    bool matches;
  };
  for (const Case& each : std::vector<Case>{{"*", "a", true},
                                            {"*", ".a", false},
                                            {".*", ".a", true},
                                            {"a*b*c", "axxbyc", true},
                                            {"a*b*c", "axxbycd", false},
                                            {"?", "", false},
                                            {"[a-c]x", "bx", true},
                                            {"[!a-c]x", "bx", false},
                                            {"[]]", "]", true},
                                            {"[x", "[x", true},
                                            {"\\*", "*", true},
                                            {"\\*", "a", false},
                                            {"**", "ab", true},
                                            {"", "", true}})
    EXPECT_EQ(glob_matches(each.pattern, each.name), each.matches) << each.pattern << " " << each.name;
}

TEST(SimFs, CrashKeepsSyncedBytesAndAPrefixOfTheRest) {
  bool torn = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFs fs(seed);
    put(fs, "/f", "synced");
    ASSERT_TRUE(fs.sync_directory("/").ok());
    auto writer = fs.open_writer("/f", OpenMode::append);
    ASSERT_TRUE((*writer)->append("unsynced").ok());
    fs.crash();
    EXPECT_FALSE((*writer)->append("x").ok()) << "a handle from before the crash";
    std::string content = *fs.read_file("/f");
    ASSERT_TRUE(std::string("syncedunsynced").starts_with(content)) << "seed " << seed;
    ASSERT_GE(content.size(), 6u);
    torn = torn || (content.size() > 6 && content.size() < 14);
  }
  EXPECT_TRUE(torn);
}

TEST(SimFs, AnEntryLastsOnlyOnceItsDirectoryIsSynced) {
  int lost = 0, kept = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFs fs(seed);
    put(fs, "/first", "1");
    put(fs, "/second", "2");
    fs.crash();
    bool first = fs.stat("/first")->exists, second = fs.stat("/second")->exists;
    EXPECT_TRUE(first || !second) << "entries go in order";
    first ? ++kept : ++lost;
  }
  EXPECT_GT(lost, 0);
  EXPECT_GT(kept, 0);
}

TEST(SimFs, WriteFileIsAllOrNothingWhereverThePowerGoes) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t cut = 1;; ++cut) {
      SimFs fs(seed);
      ASSERT_TRUE(fs.write_file("/f", "old content").ok());
      fs.cut_power_at(fs.operations() + cut);
      bool done = fs.write_file("/f", "new content").ok();
      EXPECT_EQ(fs.power_is_cut(), !done);
      fs.crash();
      std::string content = *fs.read_file("/f");
      EXPECT_TRUE(content == "new content" || (!done && content == "old content")) << content;
      if (done) break;
    }
  }
}

TEST(SimFs, FailsTheOperationItIsToldTo) {
  SimFs fs(3);
  auto writer = fs.open_writer("/f", OpenMode::create_new);
  fs.fail_operation(fs.operations() + 2, ENOSPC);
  EXPECT_TRUE((*writer)->append("12345").ok());
  EXPECT_EQ((*writer)->append("67890").error().system_error, ENOSPC);
  EXPECT_TRUE(std::string("1234567890").starts_with(*fs.read_file("/f")));
  fs.fail_operation(fs.operations() + 1, EIO);
  EXPECT_EQ((*writer)->sync().error().system_error, EIO);
  EXPECT_TRUE((*writer)->sync().ok());
}

}  // namespace
}  // namespace braid
