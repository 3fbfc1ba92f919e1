#include "runtime/operators/distinct_counts.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/state/chunked_bytes.h"
#include "runtime/state/distinct_set.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

/// Bytes of the longest canonical form of a type; none: there is no longest.
std::optional<size_t> longest_key(const Type& type) {
  if (is(type, TypeKind::structure)) {
    size_t total = 0;
    for (const Field& field : type->fields) {
      std::optional<size_t> size = longest_key(field.type);
      if (!size) return {};
      total += *size;
    }
    return total;
  }
  if (is(type, TypeKind::optional) || is(type, TypeKind::checked)) {
    std::optional<size_t> size = longest_key(type->element);
    if (size) ++*size;
    return size;
  }
  LeafKind kind = leaf_kind(type);
  if (kind == LeafKind::bytes || kind == LeafKind::list) return {};
  return leaf_width(kind);
}

/// An argument's values of a block. Canonical forms have no other as a beginning, so they may be filled up with zeros.
class Argument {
 public:
  Argument(const std::vector<Field>& row, int field)
      : column_(leaf_offset(row, field)), type_(row[field].type), leaves_(flatten(type_)) {
    scalar_ = leaves_.size() == 1 && leaves_[0].kind != LeafKind::list;
    optional_scalar_ = leaves_.size() == 2 && is_optional(type_) && leaves_[1].kind != LeafKind::bytes &&
                       leaves_[1].kind != LeafKind::list && leaves_[1].kind != LeafKind::i128;
  }
  const Type& type() const { return type_; }

  void read(const Block& block, const uint32_t* masks, uint32_t of, uint64_t* values, Arena&) const {
    each(block, masks, of, [&](uint32_t row, const auto& bits) { values[row] = static_cast<uint64_t>(bits); });
  }
  void read(const Block& block, const uint32_t* masks, uint32_t of, WideValues::Value* values, Arena&) const {
    each(block, masks, of, [&](uint32_t row, uint128 bits) {
      values[row] = {static_cast<uint64_t>(bits), static_cast<uint64_t>(bits >> 64)};
    });
  }
  void read(const Block& block, const uint32_t* masks, uint32_t of, std::string_view* values, Arena& arena) const {
    if (scalar_ && leaves_[0].kind == LeafKind::bytes) {
      const Bytes* texts = block.columns[column_].as<Bytes>();
      for (uint32_t row = 0; row < block.rows; ++row)
        if ((masks[row] & of) != 0) values[row] = texts[row].view();
      return;
    }
    each_key(block, masks, of, [&](uint32_t row, const std::string& key) { values[row] = arena.copy(key).view(); });
  }

 private:
  static uint64_t bits(uint8_t value) { return value; }
  static uint64_t bits(int32_t value) { return static_cast<uint32_t>(value); }
  static uint64_t bits(int64_t value) { return static_cast<uint64_t>(value); }
  static uint64_t bits(double value) {
    if (value == 0) return 0;
    return std::bit_cast<uint64_t>(value != value ? __builtin_nan("") : value);
  }
  static uint128 bits(int128 value) { return static_cast<uint128>(value); }

  template <class T>
  void each_scalar(const Block& block, auto take) const {
    const T* values = block.columns[column_ + leaves_.size() - 1].as<T>();
    if (scalar_) {
      for (uint32_t row = 0; row < block.rows; ++row) take(row, bits(values[row]));
      return;
    }
    const auto* present = block.columns[column_].as<uint8_t>();
    for (uint32_t row = 0; row < block.rows; ++row)
      take(row, present[row] == 0 ? uint128{0} : uint128{1} | static_cast<uint128>(bits(values[row])) << 8);
  }
  void each(const Block& block, const uint32_t* masks, uint32_t of, auto take) const {
    auto chosen = [&](uint32_t row, const auto& value) {
      if ((masks[row] & of) != 0) take(row, value);
    };
    if (scalar_ || optional_scalar_) {
      switch (leaves_.back().kind) {
        case LeafKind::u8:
          return each_scalar<uint8_t>(block, chosen);
        case LeafKind::i32:
          return each_scalar<int32_t>(block, chosen);
        case LeafKind::i64:
          return each_scalar<int64_t>(block, chosen);
        case LeafKind::f64:
          return each_scalar<double>(block, chosen);
        case LeafKind::i128:
          return each_scalar<int128>(block, chosen);
        case LeafKind::bytes:
        case LeafKind::list:
          break;
      }
      BRAID_UNREACHABLE("text is no number");
    }
    each_key(block, masks, of, [&](uint32_t row, const std::string& key) {
      uint128 value = 0;
      std::memcpy(&value, key.data(), key.size());
      take(row, value);
    });
  }
  void each_key(const Block& block, const uint32_t* masks, uint32_t of, auto take) const {
    std::string key;
    std::vector<Slot> slots(leaves_.size());
    for (uint32_t row = 0; row < block.rows; ++row) {
      if ((masks[row] & of) == 0) continue;
      for (size_t leaf = 0; leaf < slots.size(); ++leaf) slots[leaf] = read_slot(block.columns[column_ + leaf], row);
      key.clear();
      append_key_bytes(type_, slots.data(), key);
      take(row, key);
    }
  }

  size_t column_;
  Type type_;
  std::vector<Leaf> leaves_;
  bool scalar_, optional_scalar_;
};

void read_value(WireReader& in, uint64_t* value) {
  *value = in.fixed<uint64_t>();
}
void read_value(WireReader& in, WideValues::Value* value) {
  *value = in.fixed<WideValues::Value>();
}
void read_value(WireReader& in, std::string_view* value) {
  *value = in.text();
}

template <class Values>
class CountsOf : public DistinctCounts {
 public:
  using Value = typename Values::Value;

  CountsOf(const std::vector<Field>& row, std::span<const DistinctCount> counts, size_t offset) : offset_(offset) {
    std::vector<int> fields;
    for (size_t i = 0; i < counts.size(); ++i) {
      auto bit = uint32_t{1} << i;
      offsets_.push_back(counts[i].offset);
      if (counts[i].filter < 0) {
        always_ |= bit;
      } else {
        filters_.push_back({ArgumentColumn(row, counts[i].filter), bit});
      }
      auto known = std::find(fields.begin(), fields.end(), counts[i].argument);
      if (known == fields.end()) {
        fields.push_back(counts[i].argument);
        arguments_.push_back({Argument(row, counts[i].argument), bit});
      } else {
        arguments_[known - fields.begin()].of |= bit;
      }
    }
  }
  size_t size() const override { return sizeof(State); }

  uint64_t add(const Block& block, std::span<const uint32_t> rows, char* const* groups, Arena& arena,
               BlobPool& pool) const override {
    auto* masks = arena.allocate_array<uint32_t>(block.rows);
    auto* values = arena.allocate_array<Value>(block.rows);
    auto* hashes = arena.allocate_array<uint64_t>(block.rows);
    choose(block, masks);
    for (const Source& argument : arguments_) argument.from.read(block, masks, argument.of, values, arena);
    for (uint32_t row = 0; row < block.rows; ++row)
      if (masks[row] != 0) hashes[row] = Values::hash(values[row]);
    constexpr size_t kAhead = 16;
    uint64_t bytes = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + kAhead < rows.size()) {
        uint32_t later = rows[i + kAhead];
        if (masks[later] != 0) state_of(groups[i + kAhead])->set.prefetch(hashes[later]);
      }
      uint32_t row = rows[i];
      if (masks[row] == 0) continue;
      const uint32_t added = state_of(groups[i])->set.add(values[row], hashes[row], masks[row], pool);
      if (added == 0) continue;
      count(groups[i], added);
      bytes += note(state_of(groups[i])->news, values[row], added, pool);
    }
    return bytes;
  }

  void take_news(char* group, BlobPool& pool,
                 const std::function<void(uint32_t, std::string_view)>& put) const override {
    State& state = *state_of(group);
    state.news.take(pool, [&](std::string_view part) {
      put(state.parts.stored, part);
      ++state.parts.stored;
      ++state.parts.read;
    });
  }

  bool load(std::string_view part, char* group, BlobPool& pool) const override {
    State& state = *state_of(group);
    WireReader in(part);
    while (!in.at_end()) {
      auto mask = in.fixed<uint32_t>();
      Value value{};
      read_value(in, &value);
      if (in.failed() || mask == 0 || mask >> (offsets_.size() - 1) > 1) return false;
      count(group, state.set.add(value, Values::hash(value), mask, pool));
    }
    ++state.parts.read;
    return true;
  }

  void merge(const char* from, char* into, BlobPool& pool) const override {
    reinterpret_cast<const State*>(from + offset_)->set.for_each([&](const Value& value, uint32_t mask) {
      count(into, state_of(into)->set.add(value, Values::hash(value), mask, pool));
    });
  }
  uint64_t absorb(const char* from, char* into, BlobPool& pool) const override {
    uint64_t bytes = 0;
    reinterpret_cast<const State*>(from + offset_)->set.for_each([&](const Value& value, uint32_t mask) {
      const uint32_t added = state_of(into)->set.add(value, Values::hash(value), mask, pool);
      if (added == 0) return;
      count(into, added);
      bytes += note(state_of(into)->news, value, added, pool);
    });
    return bytes;
  }
  std::unique_ptr<MovingCounts> moving() const override { return std::make_unique<Moving>(*this); }
  void end(char* group, BlobPool& pool) const override {
    state_of(group)->set.end(pool);
    state_of(group)->news.end(pool);
  }
  Parts& parts(char* group) const override { return state_of(group)->parts; }

 private:
  struct State {
    Parts parts;
    DistinctSet<Values> set;
    NewsBytes news;  ///< that no commit has: mask and value, one behind the other
  };
  struct Filter {
    ArgumentColumn column;
    uint32_t bit;
  };
  struct Source {
    Argument from;
    uint32_t of;  ///< bits of the counts that read it
  };

  State* state_of(char* group) const { return reinterpret_cast<State*>(group + offset_); }
  void count(char* group, uint32_t bits) const {
    for (; bits != 0; bits &= bits - 1) ++*reinterpret_cast<int64_t*>(group + offsets_[std::countr_zero(bits)]);
  }
  /// As load() reads it. Returns its size.
  static uint64_t note(NewsBytes& news, const Value& value, uint32_t bits, BlobPool& pool) {
    if constexpr (std::is_same_v<Value, std::string_view>) {
      const auto length = static_cast<uint32_t>(value.size());
      const uint64_t size = sizeof(bits) + sizeof(length) + length;
      char* at = news.add(size, pool);
      std::memcpy(at, &bits, sizeof(bits));
      std::memcpy(at + sizeof(bits), &length, sizeof(length));
      if (length > 0) std::memcpy(at + sizeof(bits) + sizeof(length), value.data(), length);
      return size;
    } else {
      char* at = news.add(sizeof(bits) + sizeof(value), pool);
      std::memcpy(at, &bits, sizeof(bits));
      std::memcpy(at + sizeof(bits), &value, sizeof(value));
      return sizeof(bits) + sizeof(value);
    }
  }
  /// The counts whose filters keep the row. No jump depends on the row: what a filter keeps cannot be foretold.
  void choose(const Block& block, uint32_t* __restrict masks) const {
    std::fill_n(masks, block.rows, always_);
    for (const Filter& filter : filters_) {
      const uint32_t bit = filter.bit, rows = block.rows;
      const auto* __restrict keeps = block.columns[filter.column.column].template as<uint8_t>();
      if (filter.column.presence < 0) {
        for (uint32_t row = 0; row < rows; ++row) masks[row] |= uint32_t{keeps[row] != 0} * bit;
        continue;
      }
      const auto* __restrict present = block.columns[filter.column.presence].template as<uint8_t>();
      for (uint32_t row = 0; row < rows; ++row)
        masks[row] |= (uint32_t{keeps[row] != 0} & uint32_t{present[row] != 0}) * bit;
    }
  }

  /// For each value, the last window of each count that has it.
  class Moving : public MovingCounts {
   public:
    explicit Moving(const CountsOf& owner) : owner_(owner), counts_(owner.offsets_.size()) {}

    void enter(const char* group, int64_t last_end) override {
      set_of(group).for_each([&](const Value& value, uint32_t mask) {
        auto found = values_.find(value);
        uint32_t place = found == values_.end() ? new_place() : found->second;
        if (found == values_.end()) {
          values_.emplace(value, place);
        } else if (last_end > *std::max_element(lasts(place), lasts(place) + counts_.size())) {
          // The value's bytes are those of the group that stays longest.
          auto node = values_.extract(found);
          node.key() = value;
          values_.insert(std::move(node));
        }
        for (uint32_t bits = mask; bits != 0; bits &= bits - 1) {
          int bit = std::countr_zero(bits);
          int64_t& last = lasts(place)[bit];
          if (last == kNoWindow) ++counts_[bit];
          last = std::max(last, last_end);
        }
      });
    }
    void leave(const char* group, int64_t last_end) override {
      set_of(group).for_each([&](const Value& value, uint32_t mask) {
        auto found = values_.find(value);
        if (found == values_.end()) return;
        int64_t* last = lasts(found->second);
        for (uint32_t bits = mask; bits != 0; bits &= bits - 1) {
          int bit = std::countr_zero(bits);
          if (last[bit] == kNoWindow || last[bit] > last_end) continue;
          last[bit] = kNoWindow;
          --counts_[bit];
        }
        if (std::any_of(last, last + counts_.size(), [](int64_t end) { return end != kNoWindow; })) return;
        free_.push_back(found->second);
        values_.erase(found);
      });
    }
    void write(char* group) const override {
      for (size_t i = 0; i < counts_.size(); ++i) *reinterpret_cast<int64_t*>(group + owner_.offsets_[i]) = counts_[i];
    }

   private:
    static constexpr int64_t kNoWindow = INT64_MIN;
    struct Hash {
      size_t operator()(const Value& value) const { return Values::hash(value); }
    };
    const DistinctSet<Values>& set_of(const char* group) const {
      return reinterpret_cast<const State*>(group + owner_.offset_)->set;
    }
    int64_t* lasts(uint32_t place) { return &lasts_[place * counts_.size()]; }
    uint32_t new_place() {
      if (free_.empty()) {
        lasts_.resize(lasts_.size() + counts_.size(), kNoWindow);
        return static_cast<uint32_t>(lasts_.size() / counts_.size()) - 1;
      }
      uint32_t place = free_.back();
      free_.pop_back();
      return place;
    }

    const CountsOf& owner_;
    std::vector<int64_t> counts_;
    std::vector<int64_t> lasts_;
    std::vector<uint32_t> free_;
    std::unordered_map<Value, uint32_t, Hash> values_;
  };

  size_t offset_;
  uint32_t always_ = 0;
  std::vector<size_t> offsets_;  ///< of the counts, by bit
  std::vector<Filter> filters_;
  std::vector<Source> arguments_;
};

}  // namespace

std::unique_ptr<DistinctCounts> make_distinct_counts(const std::vector<Field>& row,
                                                     std::span<const DistinctCount> counts, size_t offset) {
  BRAID_CHECK(!counts.empty() && counts.size() <= kDistinctCounts);
  std::optional<size_t> longest = longest_key(row[counts[0].argument].type);
  if (longest && *longest <= sizeof(uint64_t)) return std::make_unique<CountsOf<NarrowValues>>(row, counts, offset);
  if (longest && *longest <= sizeof(uint128)) return std::make_unique<CountsOf<WideValues>>(row, counts, offset);
  return std::make_unique<CountsOf<ByteValues>>(row, counts, offset);
}

std::vector<std::vector<size_t>> distinct_sets(std::span<const AggregateSpec> aggregates) {
  std::vector<std::vector<size_t>> sets;
  std::vector<size_t> newest(aggregates.size());  // of the sets of an argument, at its first aggregate
  for (size_t i = 0; i < aggregates.size(); ++i) {
    if (aggregates[i].kind != AggregateSpec::Kind::count_distinct) continue;
    size_t first = aggregates[i].same_argument < 0 ? i : static_cast<size_t>(aggregates[i].same_argument);
    if (first == i || sets[newest[first]].size() == kDistinctCounts) {
      newest[first] = sets.size();
      sets.emplace_back();
    }
    sets[newest[first]].push_back(i);
  }
  return sets;
}

std::string part_place(std::string_view group_key, uint16_t set, uint32_t part) {
  WireWriter out;
  out.text(group_key);
  // Big-endian: parts sort by their numbers.
  out.fixed(__builtin_bswap16(set));
  out.fixed(__builtin_bswap32(part));
  return out.take();
}

bool parse_part_place(std::string_view bytes, PartPlace* place) {
  WireReader in(bytes);
  place->group_key = in.text();
  place->set = __builtin_bswap16(in.fixed<uint16_t>());
  place->part = __builtin_bswap32(in.fixed<uint32_t>());
  return !in.failed() && in.at_end();
}

}  // namespace braid
