// What partitions of files have in common, whatever their format: bytes by position, the fingerprint, errors.
#pragma once

#include <memory>
#include <string>

#include "runtime/connect/source.h"

namespace braid {

/// An error of ErrorKind::input with the diagnostic's code.
Error input_error(const Diagnostic& diagnostic, int system_error = 0);

class FileBytes : public SourcePartition {
 public:
  FileBytes(std::string name, bool complete, std::unique_ptr<FileReader> reader)
      : name_(std::move(name)), complete_(complete), reader_(std::move(reader)) {}

  const std::string& name() const override { return name_; }
  Result<FileInfo> file() override { return reader_->info(); }
  void finish() override { complete_ = true; }
  size_t held_bytes() const override { return held_bytes_; }
  Result<bool> has_more(int64_t position) override;
  Result<uint64_t> fingerprint(int64_t position) override;

 protected:
  Result<size_t> read(int64_t position, char* into, size_t length);
  /// For messages.
  std::string path() const { return name_ == "-" ? "standard input" : name_; }

  std::string name_;
  bool complete_;
  size_t held_bytes_ = 0;

 private:
  std::unique_ptr<FileReader> reader_;
};

/// A file of Avro blocks; the other formats are source.cpp's. Fails if its header cannot be read as the form says.
Result<std::unique_ptr<SourcePartition>> open_container(std::string path, const RecordForm& form, bool complete,
                                                        std::unique_ptr<FileReader> reader);

}  // namespace braid
