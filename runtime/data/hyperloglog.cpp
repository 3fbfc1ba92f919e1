#include "runtime/data/hyperloglog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace braid {
namespace {

constexpr int kBits = 14, kSparseBits = 25, kRankBits = 6;
constexpr size_t kRegisters = size_t{1} << kBits;
constexpr int kMostRank = 64 - kBits + 1;
constexpr size_t kMostSparse = 3072;  // as many bytes as the registers have
constexpr size_t kDenseBytes = kRegisters * kRankBits / 8;
constexpr char kForm = 1;

uint32_t entry_of(uint64_t hash) {
  const auto index = static_cast<uint32_t>(hash >> (64 - kSparseBits));
  const uint64_t rest = hash << kSparseBits;
  const int rank = rest == 0 ? 64 - kSparseBits + 1 : std::countl_zero(rest) + 1;
  return index << kRankBits | static_cast<uint32_t>(rank);
}

/// Ertl 2017, algorithm 6: σ and τ.
double sigma(double x) {
  if (x == 1) return INFINITY;
  double y = 1, z = x, before = 0;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before != z);
  return z;
}
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x, before = 0;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before != z);
  return z / 3;
}

}  // namespace

void HyperLogLog::add(uint64_t hash) {
  registers_.empty() ? add_sparse(entry_of(hash)) : add_dense(entry_of(hash));
}

void HyperLogLog::add_sparse(uint32_t entry) {
  const auto place = std::lower_bound(sparse_.begin(), sparse_.end(), entry >> kRankBits << kRankBits);
  if (place != sparse_.end() && *place >> kRankBits == entry >> kRankBits) {
    *place = std::max(*place, entry);
    return;
  }
  sparse_.insert(place, entry);
  if (sparse_.size() > kMostSparse) make_dense();
}

void HyperLogLog::add_dense(uint32_t entry) {
  constexpr int kMore = kSparseBits - kBits;
  const uint32_t index = entry >> kRankBits, behind = index & ((1u << kMore) - 1);
  const auto rank = static_cast<uint8_t>(behind == 0 ? kMore + (entry & ((1u << kRankBits) - 1))
                                                     : std::countl_zero(behind << (32 - kMore)) + 1);
  uint8_t& kept = registers_[index >> kMore];
  kept = std::max(kept, rank);
}

void HyperLogLog::make_dense() {
  registers_.assign(kRegisters, 0);
  for (const uint32_t entry : sparse_) add_dense(entry);
  sparse_ = {};
}

void HyperLogLog::merge(const HyperLogLog& other) {
  if (!other.registers_.empty() && registers_.empty()) make_dense();
  for (const uint32_t entry : other.sparse_) registers_.empty() ? add_sparse(entry) : add_dense(entry);
  for (size_t i = 0; i < other.registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

int64_t HyperLogLog::estimate() const {
  if (registers_.empty()) {
    const double cells = static_cast<double>(uint64_t{1} << kSparseBits);
    return std::llround(cells * std::log(cells / (cells - static_cast<double>(sparse_.size()))));
  }
  std::array<uint32_t, kMostRank + 1> counts{};
  for (const uint8_t rank : registers_) ++counts[rank];
  const auto cells = static_cast<double>(kRegisters);
  double z = cells * tau(1 - counts[kMostRank] / cells);
  for (int rank = kMostRank - 1; rank >= 1; --rank) z = 0.5 * (z + counts[rank]);
  z += cells * sigma(counts[0] / cells);
  constexpr double kAlpha = 0.72134752044448170368;  // 1 / (2 ln 2)
  return std::llround(kAlpha * cells * cells / z);
}

void HyperLogLog::write(std::string& out) const {
  out += kForm;
  out += static_cast<char>(kBits);
  out += static_cast<char>(registers_.empty() ? 0 : 1);
  if (registers_.empty()) {
    out.append(reinterpret_cast<const char*>(sparse_.data()), sparse_.size() * sizeof(uint32_t));
    return;
  }
  for (size_t i = 0; i < kRegisters; i += 4) {
    const uint32_t four = registers_[i] | registers_[i + 1] << 6 | registers_[i + 2] << 12 | registers_[i + 3] << 18;
    out.append(reinterpret_cast<const char*>(&four), 3);
  }
}

bool HyperLogLog::read(std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != kForm || bytes[1] != kBits) return false;
  const char dense = bytes[2];
  bytes.remove_prefix(3);
  if (dense == 0) {
    std::vector<uint32_t> entries(bytes.size() / sizeof(uint32_t));
    if (bytes.size() % sizeof(uint32_t) != 0 || entries.size() > kMostSparse) return false;
    if (!entries.empty()) std::memcpy(entries.data(), bytes.data(), bytes.size());
    for (size_t i = 0; i < entries.size(); ++i) {
      const uint32_t rank = entries[i] & ((1u << kRankBits) - 1);
      if (rank == 0 || rank > 64 - kSparseBits + 1 || entries[i] >> (kSparseBits + kRankBits) != 0) return false;
      if (i > 0 && entries[i - 1] >> kRankBits >= entries[i] >> kRankBits) return false;
    }
    sparse_ = std::move(entries);
    registers_ = {};
    return true;
  }
  if (dense != 1 || bytes.size() != kDenseBytes) return false;
  std::vector<uint8_t> registers(kRegisters);
  for (size_t i = 0; i < kRegisters; i += 4) {
    uint32_t four = 0;
    std::memcpy(&four, bytes.data() + i / 4 * 3, 3);
    for (size_t j = 0; j < 4; ++j) {
      registers[i + j] = four >> (6 * j) & 63;
      if (registers[i + j] > kMostRank) return false;
    }
  }
  registers_ = std::move(registers);
  sparse_ = {};
  return true;
}

}  // namespace braid
