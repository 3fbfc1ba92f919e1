#include "runtime/engine/rebuild.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "runtime/engine/history.h"
#include "runtime/engine/job_turns.h"
#include "runtime/report/state_findings.h"

namespace braid {
namespace {

/// What was written then has been written.
class Nowhere : public OutputWriter {
 public:
  void write(int, const std::string&, const std::vector<Field>&, const Block&) override {}
};

/// Whose turns a store has that is made for a rebuild: of which job, by which program.
constexpr std::string_view kMadeOf = "rebuild";

std::string made_of(const Program& program, const JobStore& store) {
  return fmt::format("{} {:016x}", store.header().id, program.id);
}

std::string directory_of(const JobOptions& options) {
  return join_path(options.directory, "rebuild");
}

class Rebuild {
 public:
  Rebuild(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store)
      : program_(program), seams_(seams), store_(store), options_(beside(options)), turns_(program, options_, seams) {}

  /// Up to the last commit of the job's store.
  Status catch_up() {
    BRAID_TRY(check_history());
    BRAID_ASSIGN(lock_, lock_store(seams_.fs, options_.directory));
    BRAID_TRY(open_scratch());
    BRAID_TRY(turns_.open_again(*scratch_, store_.state(), nowhere_));
    end_unread();
    BRAID_TRY(turns_.load_tables());
    last_ = scratch_->last_epoch();
    BRAID_TRY(store_.state().scan_range(StateFamily::meta, epoch_key(last_.epoch + 1),
                                        StateStore::behind_prefix(kEpochPrefix),
                                        [&](std::string_view, std::string_view bytes) -> Status {
                                          BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(bytes));
                                          return again(record);
                                        }));
    return scratch_->wait_for_proof();
  }

  /// In pieces, which nothing refers to yet.
  Status take_over() {
    StateBatch batch;
    const OperatorStates& to = store_.states();
    for (size_t op = 0; op < to.rebuilt.size(); ++op)
      if (to.rebuilt[op]) BRAID_TRY(erase_tables(to.numbers[op], store_.state(), batch));
    for (size_t op = 0; op < to.rebuilt.size(); ++op) {
      if (!to.rebuilt[op]) continue;
      for (uint32_t table = 0; table < kStateTables; ++table) {
        const std::string from = table_prefix(scratch_->states().numbers[op] * kStateTables + table);
        const std::string into = table_prefix(to.numbers[op] * kStateTables + table);
        for (const StateFamily family : {StateFamily::point, StateFamily::timed})
          BRAID_TRY(scratch_->state().scan(family, from, [&](std::string_view key, std::string_view value) -> Status {
            batch.put(family, into + std::string(key.substr(from.size())), value);
            constexpr uint64_t kPiece = 32 << 20;
            if (batch.bytes() < kPiece) return {};
            const Status committed = store_.state().commit(batch);
            batch.clear();
            return committed;
          }));
      }
    }
    return batch.empty() ? Status() : store_.state().commit(batch);
  }

 private:
  /// One worker: turns that are read ahead would be cut where nobody has cut them.
  static JobOptions beside(const JobOptions& options) {
    JobOptions made = options;
    made.directory = directory_of(options);
    made.erasures_of = options.directory;
    made.lock = nullptr;
    made.outputs = {};
    made.seal = false;
    made.accept = made.rebuild = {};
    made.workers = 1;
    made.monitor = nullptr;
    made.kill_point = {};
    return made;
  }

  Error cannot(const std::string& reason) const {
    return store_error(diag::StateNotRebuilt{.steps = store_.rebuilt(), .reason = reason}.make());
  }

  /// Goes on with what an earlier attempt has left, if that is of this job and this program.
  Status open_scratch() {
    BRAID_ASSIGN(const bool goes_on, open_left());
    if (goes_on) return {};
    scratch_.reset();
    BRAID_TRY(seams_.fs.remove_tree(join_path(options_.directory, "state")));
    scratch_.emplace(program_, options_, seams_);
    BRAID_TRY(scratch_->open());
    scratch_->set_started_at(store_.header().started_at);
    BRAID_TRY(scratch_->begin());
    StateBatch batch;
    batch.put(StateFamily::meta, kMadeOf, made_of(program_, store_));
    return scratch_->state().commit(batch);
  }

  Result<bool> open_left() {
    BRAID_ASSIGN(const FileInfo left, seams_.fs.stat(join_path(options_.directory, "state")));
    if (!left.exists) return false;
    scratch_.emplace(program_, options_, seams_);
    if (!scratch_->open().ok() || scratch_->fresh()) return false;
    std::string bytes;
    BRAID_ASSIGN(const bool marked, scratch_->state().get(StateFamily::meta, kMadeOf, &bytes));
    if (!marked || bytes != made_of(program_, store_)) return false;
    const EpochChain& last = scratch_->last_epoch();
    if (last.epoch == 0) return true;
    BRAID_ASSIGN(const bool known, store_.state().get(StateFamily::meta, epoch_key(last.epoch), &bytes));
    if (!known) return false;  // the job lost commits since
    BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(bytes));
    return record.after() == last;
  }

  Status check_history() {
    BRAID_ASSIGN(history_, read_history(store_.state()));
    for (size_t op = 0; op < program_.operators.size(); ++op) {
      if (!store_.states().rebuilt[op]) continue;
      BRAID_ASSIGN(const Retained retained,
                   retained_for(program_, static_cast<int>(op), history_, store_.state(), store_.places()));
      if (!retained.whole) return cannot(retained.text);
    }
    return {};
  }

  /// Partitions that no step reads which is made again, and that are not there any more or were not there: they hold no
  /// time back.
  void end_unread() {
    for (JobInputs::Partition& partition : turns_.partitions()) {
      const SourceSpec& source = program_.sources[static_cast<size_t>(partition.source)];
      if (source.is_static() || (partition.reader != nullptr && history_.knows(source.name))) continue;
      turns_.meet(partition);
      turns_.engine().end_partition(partition.source, partition.ordinal);
      unread_.emplace(static_cast<uint32_t>(partition.source), partition.ordinal);
    }
  }

  /// With the numbers that sources have now, and without what is not there any more.
  EpochRecord translated(const EpochRecord& record, bool& whole) const {
    EpochRecord made = record;
    made.events.clear();
    const std::vector<std::string>& names = history_.sources.at(record.program);
    for (const EpochEvent& event : record.events) {
      EpochEvent now = event;
      if (event.has_partition()) {
        const auto known = std::ranges::find(program_.sources, names.at(event.source), &SourceSpec::name);
        now.source = static_cast<uint32_t>(known - program_.sources.begin());
        if (known == program_.sources.end() || unread_.contains({now.source, now.partition})) {
          whole = false;
          continue;
        }
      }
      made.events.push_back(std::move(now));
    }
    return made;
  }

  Status again(const EpochRecord& record) {
    if (options_.stop_requested && options_.stop_requested())
      return store_error(diag::RebuildStopped{.steps = store_.rebuilt()}.make());
    bool whole = true;
    if (const Status ran = turns_.replay(translated(record, whole)); !ran.ok()) {
      const int code = ran.error().code;
      const bool gone = code == diag::ReplayDiffers::kCode || code == diag::RecordsGone::kCode;
      return gone ? cannot(ran.error().message) : ran.error();
    }
    const EpochRecord made = turns_.end_epoch(last_);
    if (whole && made.input_digest != record.input_digest) return cannot("the inputs are not what they were");
    StateBatch batch;
    put_epoch(batch, record);
    if (last_.epoch > 0) batch.erase(StateFamily::meta, epoch_key(last_.epoch));
    last_ = record.after();
    BRAID_TRY(turns_.freeze(batch));
    TurnEngine& engine = turns_.engine();
    engine.copy_frozen(UINT64_MAX);
    engine.take_frozen(batch);
    BRAID_TRY(scratch_->state().commit(batch));
    engine.committed();
    if (turns_.is_over_budget(engine.state_size())) BRAID_TRY(turns_.evict());
    return engine.health();
  }

  const Program& program_;
  const JobSeams& seams_;
  JobStore& store_;
  JobOptions options_;
  History history_;
  Nowhere nowhere_;
  std::unique_ptr<FileLock> lock_;
  std::optional<JobStore> scratch_;
  JobTurns turns_;
  EpochChain last_;
  std::set<std::pair<uint32_t, uint32_t>> unread_;  ///< source, partition
};

}  // namespace

Status rebuild_beside(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store) {
  return Rebuild(program, options, seams, store).catch_up();
}

Status rebuild_states(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store) {
  Rebuild rebuild(program, options, seams, store);
  BRAID_TRY(rebuild.catch_up());
  return rebuild.take_over();
}

Status forget_rebuild(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store) {
  const std::string directory = directory_of(options), done = directory + ".done";
  BRAID_TRY(seams.fs.remove_tree(done));
  BRAID_ASSIGN(const FileInfo left, seams.fs.stat(join_path(directory, "state")));
  if (!left.exists) return {};
  {
    const Result<std::unique_ptr<FileLock>> lock = lock_store(seams.fs, directory);
    if (!lock.ok()) return {};  // another program makes its states there
    const Result<std::unique_ptr<StateStore>> made = seams.open_store(join_path(directory, "state"));
    std::string bytes;
    if (made.ok()) BRAID_TRY((*made)->get(StateFamily::meta, kMadeOf, &bytes));
    if (bytes != made_of(program, store)) return {};
  }
  // A state of which a part is removed already says no more whose it is.
  BRAID_TRY(seams.fs.rename(directory, done));
  return seams.fs.remove_tree(done);
}

}  // namespace braid
