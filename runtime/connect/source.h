// Where records come from: a source is a list of partitions, a partition is bytes that are read forward by position and
// cut into turns (runtime/codec/turn_cutter.h).
//
// Files: all that match a glob, sorted bytewise by path, each a partition. Standard input: one partition. The end of a
// partition is where it ended when it was reached; what a file gets later is found by the next run. A last record
// without line end is read if the inputs are complete, and otherwise waits for its line end. Topics: topic_source.h.
// Memory: a TurnBuffer holds the turn at hand, 256 KB to 1.3 MB; one serves all partitions that take turns.
// Fails when a file cannot be read, or holds no text at all (ErrorKind::input, with the code of the catalogue). One
// thread at a time, but that of files the fingerprint may be asked for while another thread has the next turn read.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/report/diagnostic.h"

namespace braid {

/// How far a partition has been read; what a commit keeps of it.
struct PartitionPosition {
  int64_t position = 0;  ///< of the next byte
  int64_t line = 1;      ///< its line
  bool operator==(const PartitionPosition&) const = default;
};

/// The bytes of one turn at a time.
class TurnBuffer {
 public:
  char* reserve(size_t bytes) {
    if (bytes + kReadableBehind > bytes_.size()) bytes_.resize(bytes + kReadableBehind);
    return bytes_.data();
  }

 private:
  /// Native code reads records of topics up to so far (ReadFrame::end).
  static constexpr size_t kReadableBehind = 16;

  std::vector<char> bytes_;
};

/// Of the header of a record; one without a value is empty.
struct GivenHeader {
  std::string_view name, value;
};

/// A record that came by itself: a turn is not cut from a text, but joined of such.
struct GivenRecord {
  enum class Kind : uint8_t { value, empty, absent };  ///< absent: a tombstone
  Kind kind = Kind::value;
  int64_t position = 0;
  std::string_view bytes;  ///< as it came; its line in the turn may differ in white space. Avro: `framing` bytes of its
                           ///< header in front
  size_t framing = 0;
  // The key: of one without a value, where somebody wants to know what it deletes.
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> key_framing = {};  ///< of its headers, kKeySchemaHeader
  int64_t time_us = 0;                               ///< its timestamp; 0: it has none
  std::optional<int64_t> appended_us = {};           ///< when the broker took it, if the topic says so
  std::span<const GivenHeader> headers = {};         ///< where somebody wants to know them
};

/// The next turn: what goes into TurnInput, and the position behind it.
struct SourceTurn {
  std::string_view bytes;  ///< in the TurnBuffer, until its next use
  PartitionPosition begin;
  PartitionPosition end;
  uint64_t long_record_bytes = 0;
  bool ascii = false;                 ///< no byte is above 127; false: not known
  std::optional<Diagnostic> warning;  ///< the first turn's: the input looks like something else
  /// If the input consists of records, not of a text: one for each line of `bytes`, where the records are lines. As
  /// long as the partition gives no other turn.
  std::span<const GivenRecord> given;
};

class SourcePartition {
 public:
  virtual ~SourcePartition() = default;
  /// Path of the file, "-" for standard input.
  virtual const std::string& name() const = 0;
  /// The next whole records from `from` on; none at the end, or where none is at hand. `end`: it is a turn that ended
  /// there when it was run, and is wanted again.
  virtual Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& from, TurnBuffer& buffer,
                                                      std::optional<int64_t> end) = 0;
  Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& from, TurnBuffer& buffer) {
    return next_turn(from, buffer, std::nullopt);
  }
  /// Whether the last call of next_turn that found nothing was at the end of all there is.
  virtual bool at_end() const { return true; }
  /// Of the file that is read; of standard input nothing.
  virtual Result<FileInfo> file() { return FileInfo{}; }
  /// Whether there are bytes behind `position`, which need not be a whole record.
  virtual Result<bool> has_more(int64_t position) = 0;
  /// Why the next record waits for something else than the input, in the same words for the same reason; null: it does
  /// not, or only since a moment.
  virtual const std::string* waits_for() const { return nullptr; }
  /// How many records lie behind `position`, of an input that counts them; none: not known.
  virtual std::optional<uint64_t> records_behind(int64_t) { return std::nullopt; }
  /// Nothing more comes: a last record needs no line end any more.
  virtual void finish() {}
  /// Bytes of a last record without line end, behind the last turn, that the last call of next_turn left for later.
  virtual size_t held_bytes() const { return 0; }
  /// Whether the byte before `position` ends no line, and more bytes have come behind it.
  virtual Result<bool> grew_in_record(int64_t) { return false; }
  /// Of formats with has_header(), for Decoder::set_header when reading starts in the middle. Empty for an empty file.
  virtual Result<std::string> header() = 0;
  /// Hash of up to 4 KB before `position`: the file is still the one that was read so far. An error (7011) if it is
  /// shorter than that.
  virtual Result<uint64_t> fingerprint(int64_t position) = 0;
};

/// Error 7002 if nothing matches.
Result<std::vector<std::string>> find_partitions(Fs& fs, const std::string& pattern);
/// `path` "-": standard input, which has neither header nor fingerprint. `complete`: nothing will be added to it,
/// so its last record needs no line end. `fs` must live longer.
Result<std::unique_ptr<SourcePartition>> open_partition(Fs& fs, const std::string& path, const RecordForm& form,
                                                        bool complete = true);

}  // namespace braid
