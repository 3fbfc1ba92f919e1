#include "runtime/state/table_properties.h"

#include <rocksdb/file_system.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/data/varint.h"

namespace braid {
namespace {

// The format of tables: RocksDB, table/format.cc and docs "Rocksdb BlockBasedTable Format", versions 1 to 5.
constexpr size_t kFooter = 53, kHandles = 40, kTrailer = 5;
constexpr uint64_t kMagic = 0x88e241b785f4cff7;
constexpr char kXxh3 = static_cast<char>(rocksdb::kXXH3);
constexpr std::string_view kProperties = "rocksdb.properties";

template <class Number>
Number fixed_at(std::string_view bytes, size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

struct Handle {
  uint64_t offset = 0, size = 0;
};

std::optional<Handle> take_handle(std::string_view& bytes) {
  Handle handle;
  if (!take_varint(bytes, handle.offset) || !take_varint(bytes, handle.size)) return std::nullopt;
  return handle;
}

/// Of an index of blocks: where the properties are.
std::optional<Handle> properties_in(std::string_view block) {
  if (block.size() < sizeof(uint32_t)) return std::nullopt;
  const uint64_t tail = (uint64_t{fixed_at<uint32_t>(block, block.size() - 4)} + 1) * sizeof(uint32_t);
  if (tail > block.size()) return std::nullopt;
  block.remove_suffix(tail);
  while (!block.empty()) {
    uint64_t shared = 0, rest = 0, value = 0;
    if (!take_varint(block, shared) || !take_varint(block, rest) || !take_varint(block, value)) return std::nullopt;
    if (rest > block.size() || value > block.size() - rest) return std::nullopt;
    const std::string_view key = block.substr(0, rest);
    std::string_view handle = block.substr(rest, value);
    if (shared == 0 && key == kProperties) return take_handle(handle);
    block.remove_prefix(rest + value);
  }
  return std::nullopt;
}

class CheckedTables : public rocksdb::FileSystemWrapper {
 public:
  CheckedTables() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "braid.CheckedTables"; }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = target()->NewRandomAccessFile(path, options, file, debug);
    if (!status.ok() || !path.ends_with(".sst")) return status;
    status = check(path, **file, debug);
    if (!status.ok()) file->reset();
    return status;
  }

 private:
  rocksdb::IOStatus check(const std::string& path, const rocksdb::FSRandomAccessFile& file,
                          rocksdb::IODebugContext* debug) {
    uint64_t size = 0;
    rocksdb::IOStatus status = target()->GetFileSize(path, rocksdb::IOOptions(), &size, debug);
    if (!status.ok() || size < kFooter) return status;
    std::string footer, block;
    status = read(file, size - kFooter, kFooter, footer, debug);
    if (!status.ok()) return status;
    const auto version = fixed_at<uint32_t>(footer, 1 + kHandles);
    const bool known = fixed_at<uint64_t>(footer, 1 + kHandles + 4) == kMagic && version >= 1 && version <= 5;
    if (!known) return status;
    if (footer[0] != kXxh3) return changed(path);  // the store writes no other
    std::string_view handles = std::string_view(footer).substr(1, kHandles);
    std::optional<Handle> handle = take_handle(handles);
    for (const bool index : {true, false}) {
      if (!handle || handle->offset > size || handle->size + kTrailer > size - handle->offset) return changed(path);
      status = read(file, handle->offset, handle->size + kTrailer, block, debug);
      if (!status.ok()) return status;
      if (!is_whole(block)) return changed(path);
      if (index && !(handle = properties_in(std::string_view(block).substr(0, block.size() - kTrailer)))) break;
    }
    return status;
  }

  static rocksdb::IOStatus read(const rocksdb::FSRandomAccessFile& file, uint64_t offset, uint64_t size,
                                std::string& bytes, rocksdb::IODebugContext* debug) {
    bytes.resize(size);
    rocksdb::Slice found;
    rocksdb::IOStatus status = file.Read(offset, size, rocksdb::IOOptions(), &found, bytes.data(), debug);
    if (status.ok() && found.size() != size) status = rocksdb::IOStatus::Corruption("a table is shorter than it was");
    if (status.ok() && found.data() != bytes.data()) bytes.assign(found.data(), found.size());
    return status;
  }

  /// The last byte, how the block is compressed, is mixed into the hash of all before it.
  static bool is_whole(std::string_view block) {
    constexpr uint32_t kPrime = 0x6b9083d9;
    const size_t size = block.size() - kTrailer;
    const auto compression = static_cast<unsigned char>(block[size]);
    const uint32_t sum = static_cast<uint32_t>(XXH3_64bits(block.data(), size)) ^ (compression * kPrime);
    return sum == fixed_at<uint32_t>(block, size + 1);
  }

  static rocksdb::IOStatus changed(const std::string& path) {
    return rocksdb::IOStatus::Corruption("not as it was written", path);
  }
};

}  // namespace

rocksdb::Env* env_that_checks_properties() {
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(std::make_shared<CheckedTables>()).release();
  return env;
}

}  // namespace braid
