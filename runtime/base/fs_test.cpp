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

  put(fs, root + "/a/b/inside", "in");
  ASSERT_TRUE(fs.make_directories(root + "/empty").ok());
  EXPECT_EQ(fs.rename(root + "/a", root + "/a/b/below").error().system_error, EINVAL);
  EXPECT_EQ(fs.rename(root + "/a", root + "/whole").error().system_error, ENOTDIR);
  EXPECT_EQ(fs.rename(root + "/whole", root + "/a").error().system_error, EISDIR);
  EXPECT_EQ(fs.rename(root + "/empty", root + "/a").error().system_error, ENOTEMPTY);
  ASSERT_TRUE(fs.rename(root + "/a", root + "/empty").ok());
  EXPECT_FALSE(fs.stat(root + "/a")->exists);
  EXPECT_FALSE(fs.stat(root + "/a/b/inside")->exists);
  EXPECT_EQ(*fs.read_file(root + "/empty/b/inside"), "in");
  EXPECT_EQ(*fs.list_directory(root), (std::vector<std::string>{"empty", "whole"}));
  ASSERT_TRUE(fs.rename(root + "/empty", root + "/a").ok());
  ASSERT_TRUE(fs.make_directories(root + "/tree/below").ok());
  put(fs, root + "/tree/below/file", "x");
  ASSERT_TRUE(fs.remove_tree(root + "/tree").ok());
  ASSERT_TRUE(fs.remove_tree(root + "/tree").ok());
  EXPECT_FALSE(fs.stat(root + "/tree")->exists);
  ASSERT_TRUE(fs.remove(root + "/a/b/inside").ok());

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

TEST(SimFs, ARenamedDirectoryHasWhatWasSyncedInIt) {
  int moved = 0, stayed = 0, lost = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (const bool synced : {false, true}) {
      SimFs fs(seed);
      ASSERT_TRUE(fs.make_directories("/old").ok());
      put(fs, "/old/durable", "1");
      ASSERT_TRUE(fs.sync_directory("/old").ok());
      put(fs, "/old/young", "2");
      ASSERT_TRUE(fs.rename("/old", "/new").ok());
      if (synced) ASSERT_TRUE(fs.sync_directory("/").ok());
      put(fs, "/new/later", "3");
      fs.crash();
      const bool is_new = fs.stat("/new")->exists, is_old = fs.stat("/old")->exists;
      ASSERT_NE(is_new, is_old);
      if (synced) EXPECT_TRUE(is_new);
      const std::string at = is_new ? "/new" : "/old";
      EXPECT_TRUE(fs.stat(at + "/durable")->exists);
      const bool young = fs.stat(at + "/young")->exists;
      EXPECT_EQ(fs.list_directory(at)->size(), 1u + young + fs.stat(at + "/later")->exists);
      if (is_old) EXPECT_FALSE(fs.stat(at + "/later")->exists);
      ++(is_new ? moved : stayed);
      lost += !young && is_new;
    }
  }
  EXPECT_GT(moved, 100);
  EXPECT_GT(stayed, 0);
  EXPECT_GT(lost, 0) << "a name in a directory that nobody synced";
}

TEST(SimFs, ADirectoryThatIsMadeAgainIsEmptyAfterACrash) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimFs fs(seed);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(fs.remove_tree("/d").ok());
      ASSERT_TRUE(fs.make_directories("/d/e").ok());
      EXPECT_TRUE(fs.list_directory("/d/e")->empty());
      put(fs, "/d/e/file" + std::to_string(round), "x");
      if (round == 1) ASSERT_TRUE(fs.sync_directory("/d/e").ok());
    }
    fs.crash();
    ASSERT_TRUE(fs.stat("/d/e")->exists);
    EXPECT_FALSE(fs.stat("/d/e/file0")->exists || fs.stat("/d/e/file1")->exists);
  }
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
