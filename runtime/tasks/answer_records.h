// What services answered in an epoch of a task, as records of the topic of epochs: in front of the record of the epoch,
// in its transaction, so that there is either all of it or nothing. A record holds a piece, because the answers of an
// epoch may be longer than a record may be.
//
// Each piece names its epoch by the chain before it and the attempt: without transactions there may be several
// attempts, whose records lie among each other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/engine/epoch.h"

namespace braid {

/// Values of records of at most `longest` bytes each, key and headers included; none if there are no answers.
std::vector<std::string> answer_records(const EpochRecord& epoch, std::string_view answers, size_t longest);

/// Pieces that have been read, until their epoch is run again. Memory: the answers of the epochs that are not run yet.
class AnswerPieces {
 public:
  /// False: the value is no such piece. One that cannot be read is none.
  bool take(std::string_view value);
  /// The answers of the epoch, whole and as its record says; nothing: they are not there. Of that epoch and those
  /// before it, all attempts are forgotten.
  std::optional<std::string> join(const EpochRecord& epoch);
  /// Those of epochs up to that one.
  void forget(uint64_t epoch);

 private:
  /// Number, digest before it, attempt.
  using Epoch = std::tuple<uint64_t, uint64_t, uint64_t>;
  struct Pieces {
    uint32_t count = 0;
    std::map<uint32_t, std::string> by_place;
  };
  std::map<Epoch, Pieces> epochs_;
};

/// Whether the value of a record of the topic of epochs is a piece of answers, and not the record of an epoch.
bool is_answer_record(std::string_view value);

}  // namespace braid
