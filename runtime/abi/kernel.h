// The bridge to generated code: a kernel runs the row-by-row steps between two stateful steps over one block. It exists
// twice, interpreted (compiler/interpret) and native (compiler/codegen), with equal results and equal drops.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "runtime/abi/reason.h"
#include "runtime/data/block.h"
#include "runtime/declare/function.h"

namespace braid {

/// A row that leaves the flow in a kernel: filtered, for a port, or rejected, as `Program::sites[site]` says.
struct Drop {
  uint32_t row;  ///< of the input block
  uint32_t site;
  uint32_t code;  ///< of the catalogue (6xxx) if rejected, else 0
  Bytes detail;   ///< what was wrong: text of fail(…), the text that is no number; may be empty; lives in the arena
};

/// C-shaped: generated code reads and writes it by field offset. All arrays are the caller's and hold `rows` entries.
struct KernelFrame {
  const void* const* in;  ///< data of the input block's columns
  void* const* out;       ///< data of the computed output columns; null for those passed through
  uint32_t rows;
  uint32_t kept_count;  ///< out: rows that go on
  uint32_t* kept;       ///< out: input row of each output row, ascending
  Drop* drops;          ///< out: ascending by row; every row is either kept or dropped
  uint32_t drop_count;  ///< out
  uint32_t reserved;
  CallContext* call;
  const int64_t* time;
  const uint32_t* record;
  const Record* records;
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(KernelFrame& frame) const = 0;
};

/// The reasons of the rows of one block that a kernel rejected. One thread; the frame outlives it.
class BlockReasons {
 public:
  virtual ~BlockReasons() = default;
  /// Evaluates the row once more and says which expression failed, on which values. The row failed with `drop.code`.
  virtual RowReason explain(const Drop& drop) = 0;
};

/// Kernels record no more than a code: a row that does not fail costs nothing. This finds the rest. Immutable; several
/// workers may use one at once.
class Explainer {
 public:
  virtual ~Explainer() = default;
  virtual std::unique_ptr<BlockReasons> begin(const KernelFrame& frame) const = 0;
};

/// Where operators find their kernel: native code replaces the interpreted one between two blocks. The explainer stays.
class KernelSlot {
 public:
  KernelSlot() = default;
  explicit KernelSlot(const Kernel* kernel) : kernel_(kernel) {}
  KernelSlot(const KernelSlot& other)
      : kernel_(other.kernel_.load()), explainer_(other.explainer_), followed_(other.followed_) {}
  KernelSlot& operator=(const KernelSlot& other) {
    kernel_.store(other.kernel_.load());
    explainer_ = other.explainer_;
    followed_ = other.followed_;
    return *this;
  }
  const Kernel& get() const { return *current(); }
  bool empty() const { return current() == nullptr; }
  void set(const Kernel* kernel) { kernel_.store(kernel, std::memory_order_release); }
  /// Has the kernel of that slot from then on, also when it is replaced there. The slot outlives this one.
  void follow(const KernelSlot& other) { followed_ = &other; }
  /// Null: reasons are no more than codes and details.
  const Explainer* explainer() const { return explainer_; }
  void set_explainer(const Explainer* explainer) { explainer_ = explainer; }

 private:
  const Kernel* current() const {
    return (followed_ == nullptr ? *this : *followed_).kernel_.load(std::memory_order_acquire);
  }

  std::atomic<const Kernel*> kernel_ = nullptr;
  const Explainer* explainer_ = nullptr;
  const KernelSlot* followed_ = nullptr;
};

}  // namespace braid
