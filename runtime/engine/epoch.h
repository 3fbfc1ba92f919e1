// Epochs: whole turns between two commits. Each has a record, which says what was run, in order, so that it can be run
// again; the records are a chain by their digests (docs/architecture.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/state/epoch_chain.h"
#include "runtime/state/wire.h"

namespace braid {

/// What happened in an epoch, in order.
struct EpochEvent {
  enum class Kind : uint8_t {
    turn,       ///< of the partition, up to `end`
    ended,      ///< the partition has ended; time has moved
    idle,       ///< it has been silent
    woken,      ///< it had ended, and has got more
    found,      ///< it is new: `name`, read from `end` on
    moved,      ///< time has moved without a turn
    waited,     ///< rows that had waited as long as they may, by the clock of the epoch, have been released
    followed,   ///< it is idle, and its time has gone on by the clock, up to `end`
    breached,   ///< a promise, at the reading `end`; `name`: what told_event() writes
    recovered,  ///< the same
    erased      ///< from here on the state is one without these subjects: `name`, as an ErasureNote (erasure_note.h)
  } kind = Kind::turn;
  uint32_t source = 0, partition = 0;
  int64_t end = 0;
  std::string name;
  /// It is about a partition.
  bool has_partition() const {
    return kind != Kind::moved && kind != Kind::waited && kind != Kind::erased && !is_of_promise();
  }
  bool is_of_promise() const { return kind == Kind::breached || kind == Kind::recovered; }
  bool has_end() const {
    return kind == Kind::turn || kind == Kind::found || kind == Kind::followed || is_of_promise();
  }
  bool has_name() const { return kind == Kind::found || kind == Kind::erased || is_of_promise(); }
};

/// What an output got in an epoch.
struct EpochOutput {
  std::string name;
  uint64_t rows = 0;
  uint64_t digest = 0;
  bool operator==(const EpochOutput&) const = default;
};

struct EpochRecord {
  EpochChain before;
  int64_t clock = 0;  ///< its one reading; not part of the digest: runs that are otherwise the same may differ in it
  uint64_t program = 0;
  uint64_t tables = 0;  ///< digest of the reference data
  std::vector<EpochEvent> events;
  uint64_t input_digest = 0;
  std::vector<EpochOutput> outputs;
  /// Without transactions there may be several records of one epoch, of which one counts: this tells them apart, as a
  /// part of the digest. 0: there is one.
  uint64_t attempt = 0;
  /// Digest of what services answered in it, which is kept beside the record. 0: nobody was asked.
  uint64_t answers = 0;

  std::string encode() const;
  static Result<EpochRecord> decode(std::string_view bytes);
  /// The chain with this record as its last.
  EpochChain after() const;
};

/// As EpochRecord::answers has it.
uint64_t digest_of_answers(std::string_view answers);

}  // namespace braid
