// Aggregates of a group. Each is an Accumulator: it keeps its part of a group's state in a fixed number of bytes and
// takes rows a block at a time. Sums are exact (integers 128 bits, decimals 192, floats as ExactSum) and compared with
// their type only when read, so neither order nor partial sums affect a result.
//
// An Accumulator is immutable; states belong to the caller, who creates, stores and ends each. Variable parts are in
// the pool of the call, or on the heap. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/check.h"
#include "runtime/data/block.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/wire.h"

namespace braid {

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Bytes of a state, a multiple of its alignment. Zeroed memory is a state that has taken no row.
  virtual size_t size() const = 0;
  /// 8 or 16.
  virtual size_t alignment() const { return 8; }
  /// Row rows[i] goes to the state at states[i] + offset.
  virtual void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                   BlobPool& pool) const = 0;
  /// Rows can be taken out again.
  virtual bool subtracts() const { return false; }
  /// Row rows[i], which was added to the state at states[i] + offset, is taken out of it.
  virtual void take_out(const Block&, std::span<const uint32_t>, char* const*, size_t, BlobPool&) const {
    BRAID_UNREACHABLE("rows cannot be taken out of this aggregate");
  }

  // States that grow without bound are rows of their own in the store, parts, numbered from 0; `store` is silent then.
  struct Parts {
    uint32_t stored;  ///< that there are
    uint32_t read;    ///< of those, the ones that are in memory; all of them, but while a group comes back
  };
  /// No bytes: the part is erased.
  using PutPart = std::function<void(uint32_t part, std::optional<std::string_view> bytes)>;
  virtual bool has_parts() const { return false; }
  virtual Parts& parts(char*) const { BRAID_UNREACHABLE("an aggregate without parts"); }
  /// What has changed since the last call.
  virtual void take_news(char* state, const PutPart& put, BlobPool& pool) const { (void)state, (void)put, (void)pool; }
  /// A part comes back; false: the bytes are no part.
  virtual bool load_part(std::string_view bytes, char* state, BlobPool& pool) const {
    (void)bytes, (void)state, (void)pool;
    return false;
  }

  /// The rows of `from`, which stays as it is, go to `into`, too.
  virtual void merge(const char* from, char* into, BlobPool& pool) const = 0;
  /// The same where `into` is stored: what it has not is news, if it has parts.
  virtual void absorb(const char* from, char* into, BlobPool& pool) const { merge(from, into, pool); }
  /// Writes the results of states[i] + offset to row i of columns [column, …). Where one does not fit its type, the
  /// columns are zero and misfits[i] is 1; it is not changed elsewhere.
  virtual void read(std::span<const char* const> states, size_t offset, Block& out, uint32_t column, Arena& arena,
                    uint8_t* misfits) const = 0;
  /// What does not fit, for people: asked only where `read` found a misfit.
  virtual std::string values_text(const char* state) const {
    (void)state;
    return {};
  }
  virtual void store(const char* state, WireWriter& out) const = 0;
  /// Into a state that has taken no row; false if the bytes are not such a state.
  virtual bool load(WireReader& in, char* state, BlobPool& pool) const = 0;
  /// States have memory of the pool, which `end` gives back.
  virtual bool has_memory() const { return false; }
  virtual void end(char* state, BlobPool& pool) const {
    (void)state;
    (void)pool;
  }
};

/// `takes_out`: rows are taken out again, too.
std::unique_ptr<Accumulator> make_accumulator(const AggregateSpec& spec, const std::vector<Field>& row,
                                              bool takes_out = false);

}  // namespace braid
