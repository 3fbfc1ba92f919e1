// Arrow by nanoarrow: what owns its structures, and a writer of its IPC format into memory.
#pragma once

#include <nanoarrow/nanoarrow.h>
#include <nanoarrow/nanoarrow_ipc.h>

#include <string>
#include <string_view>

#include "serve/sql/sql_engine.h"

namespace braid::serve::duck {

/// A structure of Arrow's C data interface.
template <class T>
struct Released : T {
  Released() : T() {}
  Released(const Released&) = delete;
  ~Released() {
    if (this->release != nullptr) this->release(this);
  }
};

struct ArrowView : ArrowArrayView {
  ArrowView() : ArrowArrayView() {}
  ArrowView(const ArrowView&) = delete;
  ~ArrowView() { ArrowArrayViewReset(this); }
};

/// A schema, then batches of rows, then the end. False: error() says why.
class ArrowWriter {
 public:
  ArrowWriter() {
    ArrowBufferInit(&bytes_);
    ArrowIpcOutputStream stream;
    ok_ = ArrowIpcOutputStreamInitBuffer(&stream, &bytes_) == NANOARROW_OK &&
          ArrowIpcWriterInit(&writer_, &stream) == NANOARROW_OK;
  }
  ArrowWriter(const ArrowWriter&) = delete;
  ~ArrowWriter() {
    if (ok_) ArrowIpcWriterReset(&writer_);
    ArrowBufferReset(&bytes_);
  }
  bool write(ArrowSchema* schema, const SchemaNotes& notes) {
    ArrowBuffer told = {};
    bool done = ok_ && ArrowMetadataBuilderInit(&told, nullptr) == NANOARROW_OK;
    for (const auto& [name, value] : notes)
      done = done && ArrowMetadataBuilderAppend(&told, text(name), text(value)) == NANOARROW_OK;
    // The schema is somebody else's: it has its own back before it is released.
    const char* const own = schema->metadata;
    if (!notes.empty()) schema->metadata = reinterpret_cast<const char*>(told.data);
    done = done && ArrowIpcWriterWriteSchema(&writer_, schema, &error_) == NANOARROW_OK;
    schema->metadata = own;
    ArrowBufferReset(&told);
    return done && ArrowArrayViewInitFromSchema(&view_, schema, &error_) == NANOARROW_OK;
  }
  bool write(ArrowArray* rows) {
    return ArrowArrayViewSetArray(&view_, rows, &error_) == NANOARROW_OK &&
           ArrowIpcWriterWriteArrayView(&writer_, &view_, &error_) == NANOARROW_OK;
  }
  bool end() { return ArrowIpcWriterWriteArrayView(&writer_, nullptr, &error_) == NANOARROW_OK; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data), static_cast<size_t>(bytes_.size_bytes)};
  }
  SqlError error() const {
    return {SqlError::Kind::wrong, fmt::format("this cannot be written as Arrow: {}", ArrowErrorMessage(&error_))};
  }

 private:
  static ArrowStringView text(const std::string& from) { return {from.data(), static_cast<int64_t>(from.size())}; }

  ArrowBuffer bytes_ = {};
  ArrowIpcWriter writer_ = {};
  ArrowView view_;
  mutable ArrowError error_ = {};
  bool ok_ = false;
};

}  // namespace braid::serve::duck
