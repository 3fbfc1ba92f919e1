// The bridge to generated decoders: a record reader is native code made for the fields of one source
// (compiler/codegen). It reads one record straight into the leaf columns of a block; record_frame.h says what it is
// given. The table-driven decoder of runtime/codec serves until there is one, knows the order of keys, reads single
// values that look unusual, and reads whole records that the native reader leaves to it; both give the same rows for
// the same bytes.
#pragma once

#include <atomic>
#include <cstdint>

namespace braid {

struct ReadFrame;

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// JSON: `at` is the `{` of a record under the contract of record_functions.h. Writes the fields' leaves at `row` of
  /// the frame's columns and returns behind the `}`; null: the record is left to the table-driven decoder, and what
  /// stands in the columns at `row` means nothing.
  /// CSV: `at` is of no interest; never null.
  virtual const char* read(ReadFrame& frame, const char* at, uint64_t row) const = 0;
};

/// Where decoders find the reader of their source: empty at first, filled between two turns of theirs.
class RecordReaderSlot {
 public:
  RecordReaderSlot() = default;
  RecordReaderSlot(const RecordReaderSlot& other) : reader_(other.get()) {}
  RecordReaderSlot& operator=(const RecordReaderSlot& other) {
    set(other.get());
    return *this;
  }
  /// Null: none yet.
  const RecordReader* get() const { return reader_.load(std::memory_order_acquire); }
  void set(const RecordReader* reader) { reader_.store(reader, std::memory_order_release); }

 private:
  std::atomic<const RecordReader*> reader_ = nullptr;
};

}  // namespace braid
