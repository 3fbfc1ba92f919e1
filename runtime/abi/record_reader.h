// The bridge to generated decoders: a record reader is native code made for the fields of one source
// (compiler/codegen). It reads one record directly into the leaf columns of a block; record_frame.h has its arguments.
// The table-driven decoder of runtime/codec decodes until the native reader is ready. After that it predicts the order
// of keys and reads the values and records that the native reader does not read. Both return the same rows for the same
// bytes.
#pragma once

#include <atomic>
#include <cstdint>

namespace braid {

struct ReadFrame;

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// JSON: `at` is the `{` of a record under the contract of record_functions.h. Writes the fields' leaves at `row` of
  /// the frame's columns and returns the byte after the `}`. Null: the table-driven decoder has to read the record, and
  /// the columns at `row` have no meaning.
  /// CSV: `at` is not used; the result is never null.
  /// Avro: `at` is the first byte of a record that ends by the frame's `end`. The result as for JSON.
  /// Protobuf: the record ends at the frame's `end`, which is the result if it is not null. Status leaves are zero
  /// before.
  virtual const char* read(ReadFrame& frame, const char* at, uint64_t row) const = 0;
  /// Avro, Protobuf: AvroPlan::schema or ProtobufTable::schema of the records that it reads.
  virtual uint64_t schema() const { return 0; }
  /// The same: the reader for records of that schema, this one or one of its parts; null: there is none.
  virtual const RecordReader* for_schema(uint64_t schema) const { return this->schema() == schema ? this : nullptr; }
};

/// Where decoders find the reader of their source: empty at first, filled between two of their turns.
class RecordReaderSlot {
 public:
  RecordReaderSlot() = default;
  RecordReaderSlot(const RecordReaderSlot& other) : reader_(other.reader_.load()), followed_(other.followed_) {}
  RecordReaderSlot& operator=(const RecordReaderSlot& other) {
    set(other.reader_.load());
    followed_ = other.followed_;
    return *this;
  }
  /// Null: not ready yet.
  const RecordReader* get() const {
    return (followed_ == nullptr ? *this : *followed_).reader_.load(std::memory_order_acquire);
  }
  void set(const RecordReader* reader) { reader_.store(reader, std::memory_order_release); }
  /// Has the reader of that slot from then on. The slot outlives this one.
  void follow(const RecordReaderSlot& other) { followed_ = &other; }

 private:
  std::atomic<const RecordReader*> reader_ = nullptr;
  const RecordReaderSlot* followed_ = nullptr;
};

}  // namespace braid
