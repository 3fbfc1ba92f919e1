#include "runtime/state/store.h"

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

void write_big_endian(char* out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
}

void append_big_endian(std::string& out, uint64_t value, int bytes) {
  char buffer[8];
  write_big_endian(buffer, value, bytes);
  out.append(buffer, static_cast<size_t>(bytes));
}

uint64_t read_big_endian(std::string_view bytes, size_t offset, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = (value << 8) | static_cast<uint8_t>(bytes[offset + i]);
  return value;
}

constexpr uint64_t kSignBit = uint64_t{1} << 63;

}  // namespace

void append_time_key(std::string& key, int64_t time) {
  append_big_endian(key, static_cast<uint64_t>(time) ^ kSignBit, 8);
}

int64_t read_time_key(std::string_view bytes) {
  return static_cast<int64_t>(read_big_endian(bytes, 0, 8) ^ kSignBit);
}

std::string table_prefix(uint32_t table) {
  std::string key;
  append_big_endian(key, table, 4);
  return key;
}

std::string slice_prefix(uint32_t table, uint32_t slice) {
  std::string key = table_prefix(table);
  key.push_back(static_cast<char>(slice));
  return key;
}

std::string bucket_prefix(uint32_t table, uint32_t slice, int64_t bucket) {
  std::string key = slice_prefix(table, slice);
  append_time_key(key, bucket);
  return key;
}

void erase_bucket(StateBatch& batch, uint32_t table, int64_t bucket, uint32_t first_slice, uint32_t end_slice) {
  for (uint32_t slice = first_slice; slice < end_slice; ++slice) {
    const std::string prefix = bucket_prefix(table, slice, bucket);
    batch.erase_range(StateFamily::timed, prefix, StateStore::behind_prefix(prefix));
  }
}

std::string StateStore::behind_prefix(std::string_view prefix) {
  std::string key(prefix);
  while (!key.empty() && static_cast<uint8_t>(key.back()) == 0xFF) key.pop_back();
  if (!key.empty()) key.back() = static_cast<char>(static_cast<uint8_t>(key.back()) + 1);
  return key;
}

void set_point_key(std::string& bytes, uint32_t table, uint64_t hash, std::string_view key) {
  char head[kPointKeyHead];
  write_big_endian(head, table, 4);
  head[4] = static_cast<char>(slice_of(hash));
  write_big_endian(head + 5, hash, 8);
  bytes.assign(head, sizeof(head));
  bytes.append(key);
}

void set_timed_key(std::string& bytes, uint32_t table, int64_t bucket, uint64_t hash, std::string_view key) {
  char head[kTimedKeyHead];
  write_big_endian(head, table, 4);
  head[4] = static_cast<char>(slice_of(hash));
  write_big_endian(head + 5, static_cast<uint64_t>(bucket) ^ kSignBit, 8);
  write_big_endian(head + 13, hash, 8);
  bytes.assign(head, sizeof(head));
  bytes.append(key);
}

std::string point_key(uint32_t table, uint64_t hash, std::string_view key) {
  std::string bytes;
  bytes.reserve(kPointKeyHead + key.size());
  set_point_key(bytes, table, hash, key);
  return bytes;
}

std::string timed_key(uint32_t table, int64_t bucket, uint64_t hash, std::string_view key) {
  std::string bytes;
  bytes.reserve(kTimedKeyHead + key.size());
  set_timed_key(bytes, table, bucket, hash, key);
  return bytes;
}

TimedKey parse_timed_key(std::string_view bytes) {
  BRAID_CHECK(bytes.size() >= 21);
  return {read_time_key(bytes.substr(5, 8)), read_big_endian(bytes, 13, 8), bytes.substr(21)};
}

PointKey parse_point_key(std::string_view bytes) {
  BRAID_CHECK(bytes.size() >= 13);
  return {read_big_endian(bytes, 5, 8), bytes.substr(13)};
}

}  // namespace braid
