// What LLVM leaves in memory. Its code and constants are tens of megabytes of the library's file, each stage of a
// compilation touches other ones, and none of them is needed once the code is made.
#pragma once

namespace braid::codegen {

/// Takes the read-only pages of this library and of LLVM's out of the process; touched again, they come back from the
/// page cache. Any thread, at any time.
void release_pages();

/// At its end the same, and free heap memory goes back to the system.
struct MemoryRelease {
  MemoryRelease() = default;
  MemoryRelease(const MemoryRelease&) = delete;
  ~MemoryRelease();
};

}  // namespace braid::codegen
