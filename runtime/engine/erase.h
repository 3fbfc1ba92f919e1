// Subjects are erased from a job over files that is stopped: the turns of all its epochs are run again, without the
// records of these subjects, into a store beside it (`erasing/`), with outputs of its own. Then state and outputs take
// the place of those of the job. So the job is afterwards what it would be had these records never given a row; they
// have moved time, and nothing else. What had their bytes is deleted as a whole.
//
//   prepare_erasure   all is run again, as it was and then without; ends with the file `erasing/ready`, or leaves the
//   job as it was apply_erasure     what is ready takes its place; may be repeated, and has to be until it ends well
//   finish_erasure    `erasing/` goes, with `ready` first
//
// Who calls holds the lock of the store. Between `ready` and the end no job starts there (8049). One thread.
// Fails with 7322 where the history is not there any more, with 7323 where running it again gives something else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/job.h"
#include "runtime/erasure/erasure_log.h"

namespace braid {

/// A place of the job that can hold bytes of a subject.
struct ErasedPlace {
  enum class Kind : uint8_t { source, state, output } kind = Kind::output;
  std::string name;               ///< source; label of a step; product, version and port
  std::string path;               ///< of an output
  int64_t before = 0, after = 0;  ///< rows; of a source `before`: records of the subjects
  bool changed = false;           ///< its bytes, beside the number of its rows
};

/// What was made ready.
struct Erasure {
  std::vector<std::string> subjects;  ///< hashes: those of the log that it erases and that were not done
  int64_t time_us = 0;                ///< clock reading
  std::string store_id;
  std::vector<ErasedPlace> places;
};

/// `log`: with the subjects to erase; it gets the records that `sought` has found, before anything is ready. `dry`:
/// nothing is made ready, and nothing is left.
Result<Erasure> prepare_erasure(const Program& program, const JobOptions& options, const JobSeams& seams,
                                ErasureLog& log, const std::vector<SoughtKey>& sought, bool dry);
/// Of a job that has begun again since its open subjects were noted (ErasedSubject::store): there is nothing to make
/// again, since all that it has was made without them. Nothing: it has not.
Result<std::optional<Erasure>> erased_by_new_run(const JobOptions& options, const JobSeams& seams,
                                                 const ErasureLog& log);
/// The store that is there now, for ErasedSubject::store.
Result<std::string> store_of_request(Fs& fs, const std::string& store);
/// What is ready; nothing: nothing is.
Result<std::optional<Erasure>> ready_erasure(Fs& fs, const std::string& store);
Status apply_erasure(const JobOptions& options, const JobSeams& seams);
Status finish_erasure(const JobOptions& options, const JobSeams& seams);

}  // namespace braid
