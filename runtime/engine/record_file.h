// The records of a file that is no input of turns, read from its beginning to its end: what a service answers, what a
// job has put out.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/fs.h"
#include "runtime/codec/decoder.h"

namespace braid {

struct RecordFileReader {
  /// Of the first record that cannot be read: the error that ends the reading.
  std::function<Error(const Record& record, const std::string& reason)> refuse;
  /// Rows as decoded_row() says, which live for the call.
  std::function<Status(const Block& block, const Decoder& decoder)> take;
};

/// The arena is reset before each part of the file.
Status read_record_file(Fs& fs, const std::string& path, const DecodePlan& plan, Arena& arena,
                        const RecordFileReader& reader);

}  // namespace braid
