#include "runtime/base/machine_memory.h"

#include <gtest/gtest.h>

#include "runtime/base/sim_fs.h"

namespace braid {
namespace {

void put(Fs& fs, const std::string& path, std::string_view content) {
  ASSERT_TRUE(fs.make_directories(parent_directory(path)).ok());
  ASSERT_TRUE(fs.write_file(path, content).ok());
}

TEST(MachineMemory, is_that_of_the_machine) {
  SimFs fs(1);
  EXPECT_FALSE(machine_memory(fs).has_value());
  put(fs, "/proc/meminfo", "MemTotal:       24000000 kB\nMemFree:        23000000 kB\n");
  EXPECT_EQ(machine_memory(fs), int64_t{24'000'000} * 1024);
  put(fs, "/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(machine_memory(fs), int64_t{24'000'000} * 1024);
}

TEST(MachineMemory, is_less_in_a_group_with_a_limit) {
  SimFs fs(1);
  put(fs, "/proc/meminfo", "MemTotal:       24000000 kB\n");
  put(fs, "/proc/self/cgroup", "0::/system/job\n");
  put(fs, "/sys/fs/cgroup/system/job/memory.max", "max\n");
  EXPECT_EQ(machine_memory(fs), int64_t{24'000'000} * 1024);
  put(fs, "/sys/fs/cgroup/system/memory.max", "3000000000\n");  // of a group above it
  EXPECT_EQ(machine_memory(fs), 3'000'000'000);
  put(fs, "/sys/fs/cgroup/system/job/memory.max", "2000000000\n");
  EXPECT_EQ(machine_memory(fs), 2'000'000'000);
}

TEST(MachineMemory, knows_groups_of_version_1) {
  SimFs fs(1);
  put(fs, "/proc/meminfo", "MemTotal:       24000000 kB\n");
  put(fs, "/proc/self/cgroup", "9:name=systemd:/\n4:memory:/docker/1\n0::/\n");
  put(fs, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");  // none
  EXPECT_EQ(machine_memory(fs), int64_t{24'000'000} * 1024);
  // In a container the group's own folder is the root of what it sees.
  put(fs, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000000\n");
  EXPECT_EQ(machine_memory(fs), 1'000'000'000);
}

}  // namespace
}  // namespace braid
