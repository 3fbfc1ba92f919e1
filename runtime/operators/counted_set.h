// The different values that the rows of a group have, in their order, with how many rows have each: the state of
// aggregates whose result depends on all rows (median, collect, and over tables min and others too). Its memory is on
// the heap and charged to the pool of the call.
//
// In the store a set is a list of parts: what each commit has changed (value, how many more or fewer). Once they hold
// much more than the set, it is written whole, as one part. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/operators/accumulator_rows.h"

namespace braid {

class CountedSet {
 public:
  /// Bytes in the order of the values, and what else is kept of a row.
  using Value = std::pair<std::string, std::string>;
  using Counts = std::map<Value, int64_t>;

  const Counts& values() const { return values_; }
  /// Rows that there are.
  int64_t rows() const { return rows_; }

  /// `stored`: the store hears of it.
  void change(const Value& value, int64_t rows, bool stored, BlobPool& pool);
  void merge(const CountedSet& other, bool stored, BlobPool& pool);
  void take_news(const Accumulator::PutPart& put, BlobPool& pool);
  /// False: the bytes are no part, as far as `sound` and their frame say.
  bool load_part(std::string_view bytes, const std::function<bool(const Value&)>& sound, BlobPool& pool);
  void end(BlobPool& pool);

  Accumulator::Parts parts{0, 0};
  uint64_t numbered = 0;  ///< rows that have come, where the order in which they come is theirs

 private:
  static void add(Counts& counts, const Value& value, int64_t rows, BlobPool& pool);

  Counts values_;
  Counts news_;  ///< changes since the last commit
  int64_t rows_ = 0;
  uint64_t written_ = 0;  ///< changes that the parts hold
};

/// An aggregate whose state is a pointer to a CountedSet, null while it has taken no row. Derived has what
/// CountingState and EachState ask for, and `bool sound(const CountedSet::Value&) const` for what comes from a disk.
template <class Derived>
class OfCountedSet : public CountingState<Derived> {
 public:
  size_t size() const override { return sizeof(CountedSet*); }
  bool has_memory() const override { return true; }
  void merge(const char* from, char* into, BlobPool& pool) const override { unite(from, into, false, pool); }
  void absorb(const char* from, char* into, BlobPool& pool) const override { unite(from, into, true, pool); }
  void store(const char*, WireWriter&) const override {}
  bool load(WireReader&, char*, BlobPool&) const override { return true; }
  bool has_parts() const override { return true; }
  Accumulator::Parts& parts(char* state) const override { return of(state).parts; }
  void take_news(char* state, const Accumulator::PutPart& put, BlobPool& pool) const override {
    if (set_at(state) != nullptr) set_at(state)->take_news(put, pool);
  }
  bool load_part(std::string_view bytes, char* state, BlobPool& pool) const override {
    const auto& self = static_cast<const Derived&>(*this);
    return of(state).load_part(bytes, [&](const CountedSet::Value& value) { return self.sound(value); }, pool);
  }
  void end(char* state, BlobPool& pool) const override {
    CountedSet*& set = set_at(state);
    if (set == nullptr) return;
    set->end(pool);
    delete set;
    set = nullptr;
  }

 protected:
  static const CountedSet* set_at(const char* state) { return *reinterpret_cast<CountedSet* const*>(state); }
  static CountedSet*& set_at(char* state) { return *reinterpret_cast<CountedSet**>(state); }
  static CountedSet& of(char* state) {
    CountedSet*& set = set_at(state);
    if (set == nullptr) set = new CountedSet;
    return *set;
  }

 private:
  static void unite(const char* from, char* into, bool stored, BlobPool& pool) {
    if (const CountedSet* other = set_at(from); other != nullptr) of(into).merge(*other, stored, pool);
  }
};

}  // namespace braid
