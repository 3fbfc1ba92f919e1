#include "compiler/codegen/resident.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "llvm/InitializePasses.h"

namespace braid::codegen {
namespace {

/// The library with that address in it.
int release_library(dl_phdr_info* library, size_t, void* inside) {
  const auto address = reinterpret_cast<uintptr_t>(inside);
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto segment_of = [&](const ElfW(Phdr) & header) { return library->dlpi_addr + header.p_vaddr; };
  bool found = false;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = library->dlpi_phdr[i];
    found |= header.p_type == PT_LOAD && address - segment_of(header) < header.p_memsz;
  }
  if (!found) return 0;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = library->dlpi_phdr[i];
    // What may be written has been: its pages differ from those of the file.
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = segment_of(header) / page * page;
    const uintptr_t end = (segment_of(header) + header.p_filesz + page - 1) / page * page;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 1;
}

}  // namespace

void release_pages() {
  dl_iterate_phdr(release_library, reinterpret_cast<void*>(&release_library));
  // The same one where LLVM's archives are linked.
  dl_iterate_phdr(release_library, reinterpret_cast<void*>(&llvm::initializeCore));
}

MemoryRelease::~MemoryRelease() {
  release_pages();
  malloc_trim(0);
}

}  // namespace braid::codegen
