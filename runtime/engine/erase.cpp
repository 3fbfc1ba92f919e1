#include "runtime/engine/erase.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "runtime/engine/history.h"
#include "runtime/engine/job_store.h"
#include "runtime/engine/job_turns.h"
#include "runtime/report/erasure_findings.h"

namespace braid {
namespace {

std::string directory_of(const std::string& store) {
  return join_path(store, "erasing");
}

std::string ready_file(const std::string& store) {
  return join_path(directory_of(store), "ready");
}

Error not_possible(const JobOptions& options, std::string reason) {
  return store_error(diag::ErasureNotPossible{.path = options.directory, .reason = std::move(reason)}.make());
}

/// The file `ready`: an erasure, and what has to be done to the files of the store.
struct Ready {
  Erasure erasure;
  uint64_t commits = 0;                                    ///< of the state that is ready
  std::vector<std::pair<std::string, std::string>> moves;  ///< of outputs; from beside the store to their places
  /// Outputs that nobody would have written, each with the folder up to which empty ones go with it; empty: none does.
  std::vector<std::pair<std::string, std::string>> removed;

  std::string encode() const {
    WireWriter out;
    constexpr uint16_t kLayout = 1;
    out.fixed(kLayout);
    out.fixed(erasure.time_us);
    out.text(erasure.store_id);
    out.fixed(commits);
    out.fixed(static_cast<uint32_t>(erasure.subjects.size()));
    for (const std::string& each : erasure.subjects) out.text(each);
    for (const auto* pairs : {&removed, &moves}) {
      out.fixed(static_cast<uint32_t>(pairs->size()));
      for (const auto& [first, second] : *pairs) {
        out.text(first);
        out.text(second);
      }
    }
    out.fixed(static_cast<uint32_t>(erasure.places.size()));
    for (const ErasedPlace& place : erasure.places) {
      out.fixed(place.kind);
      out.text(place.name);
      out.text(place.path);
      out.fixed(place.before);
      out.fixed(place.after);
      out.fixed(static_cast<uint8_t>(place.changed));
    }
    return out.take();
  }

  static Result<Ready> decode(std::string_view bytes) {
    WireReader in(bytes);
    Ready ready;
    const Error damaged{ErrorKind::store, "what an erasure has made ready cannot be read", 8002, 0};
    if (in.fixed<uint16_t>() != 1) return damaged;
    ready.erasure.time_us = in.fixed<int64_t>();
    ready.erasure.store_id = in.text();
    ready.commits = in.fixed<uint64_t>();
    const auto subjects = in.fixed<uint32_t>();
    for (uint32_t i = 0; i < subjects && !in.failed(); ++i) ready.erasure.subjects.emplace_back(in.text());
    for (auto* pairs : {&ready.removed, &ready.moves}) {
      const auto count = in.fixed<uint32_t>();
      for (uint32_t i = 0; i < count && !in.failed(); ++i) {
        std::string first(in.text());
        pairs->emplace_back(std::move(first), in.text());
      }
    }
    const auto places = in.fixed<uint32_t>();
    for (uint32_t i = 0; i < places && !in.failed(); ++i) {
      ErasedPlace& place = ready.erasure.places.emplace_back();
      place.kind = in.fixed<ErasedPlace::Kind>();
      place.name = in.text();
      place.path = in.text();
      place.before = in.fixed<int64_t>();
      place.after = in.fixed<int64_t>();
      place.changed = in.fixed<uint8_t>() != 0;
    }
    if (in.failed()) return damaged;
    return ready;
  }
};

using StoredOutputs = std::map<std::string, OutputFiles::Stored>;  ///< by key

Result<StoredOutputs> outputs_of(StateStore& store) {
  StoredOutputs outputs;
  BRAID_TRY(store.scan(StateFamily::meta, OutputFiles::kKeyPrefix,
                       [&](std::string_view key, std::string_view value) -> Status {
                         BRAID_ASSIGN(outputs[std::string(key)], OutputFiles::read_stored(value));
                         return {};
                       }));
  return outputs;
}

Result<int64_t> rows_of_step(uint32_t number, StateStore& store) {
  int64_t rows = 0;
  if (number == 0) return rows;
  for (uint32_t table = 0; table < kStateTables; ++table)
    for (const StateFamily family : {StateFamily::point, StateFamily::timed})
      BRAID_TRY(store.scan(family, table_prefix(number * kStateTables + table),
                           [&](std::string_view, std::string_view) -> Status {
                             ++rows;
                             return {};
                           }));
  return rows;
}

/// "shop.spend version 1 rejected", of a key of OutputFiles.
std::string output_name(std::string_view key) {
  key.remove_prefix(OutputFiles::kKeyPrefix.size());
  const size_t version = key.find('/');
  const size_t port = key.find('/', version + 1);
  std::string name = fmt::format("{} version {}", key.substr(0, version), key.substr(version + 1, port - version - 1));
  if (key.substr(port + 1).starts_with(OutputFiles::kPartMark)) return name + " files for values";
  if (port + 1 < key.size()) name += fmt::format(" {}", key.substr(port + 1));
  return name;
}

/// All of a job once more, without what is erased.
class Again {
 public:
  Again(const Program& program, const JobOptions& options, const JobSeams& seams, ErasureLog& log,
        const std::vector<SoughtKey>& sought, int64_t until)
      : program_(program),
        seams_(seams),
        job_options_(options),
        log_(log),
        sought_(sought),
        until_(until),
        options_(beside(options)),
        job_(program, job_options_, seams),
        turns_(program, options_, seams) {}

  Result<Ready> run() {
    BRAID_TRY(job_.open());
    if (job_.fresh()) return not_possible(job_options_, "no job has run there");
    if (job_.lost_commits()) return not_possible(job_options_, "the store lost commits; run the job first");
    BRAID_TRY(check_program());
    BRAID_ASSIGN(options_.erased, ErasedKeys::make(log_, program_, sought_));
    BRAID_TRY(seams_.fs.remove_tree(options_.directory));
    BRAID_TRY(seams_.fs.make_directories(options_.directory));
    beside_.emplace(program_, options_, seams_);
    BRAID_TRY(beside_->open());
    beside_->set_header(job_.header());
    BRAID_TRY(beside_->begin());
    outputs_.emplace(seams_.fs, program_, options_.directory, options_.outputs);
    BRAID_ASSIGN(StorePlace place, place_of_store(seams_.fs, options_.directory, job_.header().id));
    outputs_->set_store(std::move(place), false);
    BRAID_TRY(outputs_->recover(beside_->state()));
    BRAID_TRY(outputs_->claim_products(beside_->state()));
    outputs_->claim_early([this]() -> Result<StateStore*> { return &beside_->state(); });
    BRAID_TRY(turns_.open_again(*beside_, job_.state(), *outputs_));
    BRAID_TRY(turns_.load_tables());
    BRAID_TRY(
        job_.state().scan(StateFamily::meta, kEpochPrefix, [&](std::string_view, std::string_view bytes) -> Status {
          BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(bytes));
          return again(record);
        }));
    BRAID_TRY(job_.state().verify(never_));
    BRAID_TRY(beside_->wait_for_proof());
    return compare();
  }

 private:
  JobOptions beside(const JobOptions& options) const {
    JobOptions made = options;
    made.directory = directory_of(options.directory);
    made.erasures_of.clear();  // what is passed over is in `log_` alone
    made.lock = nullptr;
    made.seal = false;
    made.accept = made.rebuild = {};
    made.workers = 1;
    made.monitor = nullptr;
    made.kill_point = {};
    for (auto& [product, binding] : made.outputs) {
      const std::string place = join_path(join_path(made.directory, "bound"), fmt::format("{}", product));
      if (!binding.path.empty()) binding.path = place;
      if (!binding.parts) continue;
      std::string& first = binding.parts->parts.front().literal;
      first = join_path(place, first.substr(first.rfind('/') + 1));
      binding.parts->text = first;
    }
    return made;
  }

  /// Of a path with fields: what stands before them up to the last folder, with `/`.
  static std::string folder_of(const std::string& literal) {
    return literal.find('/') == std::string::npos ? "./" : literal.substr(0, literal.rfind('/') + 1);
  }

  /// In which folder the product writes a file for each value of a field; empty: it has one file.
  std::string folder_of_parts(std::string_view key) const {
    for (const auto& [product, binding] : job_options_.outputs) {
      const ProductSpec& spec = program_.products[static_cast<size_t>(product)];
      const std::string begin =
          fmt::format("{}{}/{}/{}", OutputFiles::kKeyPrefix, spec.qualified(), spec.version, OutputFiles::kPartMark);
      if (binding.parts && key.starts_with(begin)) return folder_of(binding.parts->parts.front().literal);
    }
    return {};
  }

  Status check_program() {
    for (const SourceSpec& source : program_.sources)
      if (source.binding.has_changes())
        return not_possible(job_options_, fmt::format("`{}` is read from changes of a table", source.name));
    BRAID_ASSIGN(const History history, read_history(job_.state()));
    BRAID_TRY(check_epochs());
    for (size_t op = 0; op < program_.operators.size(); ++op) {
      BRAID_ASSIGN(const Retained retained,
                   retained_for(program_, static_cast<int>(op), history, job_.state(), job_.places()));
      if (!retained.whole) return not_possible(job_options_, retained.text);
    }
    return {};
  }

  /// Epochs of another script cannot be run again by this one. A script that the store knows and that no epoch was run
  /// by does not matter.
  Status check_epochs() {
    return job_.state().scan(StateFamily::meta, kEpochPrefix, [&](std::string_view, std::string_view bytes) -> Status {
      BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(bytes));
      if (record.program == program_.id) return {};
      return store_error(diag::ErasureScriptChanged{.epoch = static_cast<int64_t>(record.before.epoch) + 1}.make());
    });
  }

  Status again(const EpochRecord& record) {
    const auto differs = [&](std::string reason) {
      return store_error(
          diag::ErasureDiffers{.epoch = static_cast<int64_t>(record.before.epoch) + 1, .reason = std::move(reason)}
              .make());
    };
    if (options_.stop_requested && options_.stop_requested()) return not_possible(job_options_, "it was stopped");
    if (const Status ran = turns_.replay(record); !ran.ok()) {
      const int code = ran.error().code;
      const bool gone = code == diag::ReplayDiffers::kCode || code == diag::RecordsGone::kCode;
      return gone ? Status(differs(ran.error().message)) : ran;
    }
    BRAID_TRY(outputs_->freeze(beside_->state()));
    EpochRecord made = turns_.end_epoch(last_);
    made.clock = record.clock;
    // Inputs that are known already are not found once more. Another erasure has to meet them where this one did.
    made.events = record.events;
    StateBatch batch;
    outputs_->collect(batch, made.outputs);
    if (made.input_digest != record.input_digest) return differs("the inputs are not what they were");
    if (made.tables != record.tables) return differs("reference data is not what it was");
    // As long as no record is left out, all must be what it was: then the rest can be believed, too.
    untouched_ = untouched_ && erased() == 0;
    if (untouched_ && record.clock < until_ && made.outputs != record.outputs)
      return differs("its results are not what they were");
    put_epoch(batch, made);
    last_ = made.after();
    BRAID_TRY(turns_.freeze(batch));
    TurnEngine& engine = turns_.engine();
    engine.copy_frozen(UINT64_MAX);
    engine.take_frozen(batch);
    BRAID_TRY(outputs_->sync());
    BRAID_TRY(beside_->state().commit(batch));
    engine.committed();
    if (turns_.is_over_budget(engine.state_size())) BRAID_TRY(turns_.evict());
    return engine.health();
  }

  int64_t erased() const {
    int64_t sum = 0;
    for (size_t subject = 0; options_.erased && subject < log_.subjects.size(); ++subject)
      if (!log_.subjects[subject].done) sum += options_.erased->found(subject);
    if (options_.erased)
      for (const auto& [record, count] : options_.erased->found_records()) sum += count;
    return sum;
  }

  /// What the two stores have, and what has to be done for the new one to take the place of the other.
  Result<Ready> compare() {
    Ready ready;
    Erasure& erasure = ready.erasure;
    erasure.time_us = seams_.clock.now_us();
    erasure.store_id = job_.header().id;
    std::map<std::string, int64_t> records;
    for (size_t i = 0; i < log_.subjects.size(); ++i) {
      const ErasedSubject& subject = log_.subjects[i];
      if (subject.done) continue;
      erasure.subjects.push_back(subject.hash);
      records[subject.source] += options_.erased ? options_.erased->found(i) : 0;
    }
    if (options_.erased) note_records(erasure, records);
    for (const auto& [source, count] : records)
      erasure.places.push_back(
          {.kind = ErasedPlace::Kind::source, .name = source, .path = {}, .before = count, .after = count});
    for (size_t op = 0; op < program_.operators.size(); ++op) {
      const uint32_t number = job_.states().numbers[op];
      if (number == 0) continue;
      ErasedPlace place{.kind = ErasedPlace::Kind::state, .name = label_of(op), .path = {}};
      BRAID_ASSIGN(place.before, rows_of_step(number, job_.state()));
      BRAID_ASSIGN(place.after, rows_of_step(beside_->states().numbers[op], beside_->state()));
      place.changed = place.before != place.after;
      erasure.places.push_back(std::move(place));
    }
    BRAID_ASSIGN(const StoredOutputs before, outputs_of(job_.state()));
    BRAID_ASSIGN(const StoredOutputs after, outputs_of(beside_->state()));
    StateBatch places;
    for (const auto& [key, made] : after) {
      const auto known = before.find(key);
      OutputFiles::Stored there = made;
      if (known != before.end()) {
        there.place = known->second.place;
      } else if (const std::string folder = folder_of_parts(key); !folder.empty()) {
        BRAID_ASSIGN(there.place, place_of_part(folder, made.place));
      }
      places.put(StateFamily::meta, key, OutputFiles::write_stored(there));
      const std::string path = path_of(there.place);
      ready.moves.emplace_back(join_path(options_.directory, made.place), path);
      const bool same = known != before.end() && known->second.committed.bytes == made.committed.bytes &&
                        known->second.committed.fingerprint == made.committed.fingerprint;
      add_output(erasure, key, path, known == before.end() ? 0 : known->second.rows, made.rows, !same);
    }
    for (const auto& [key, was] : before) {
      if (after.contains(key)) continue;
      const std::string folder = folder_of_parts(key);
      ready.removed.emplace_back(path_of(was.place), folder.empty() ? folder : parent_directory(folder + "."));
      add_output(erasure, key, path_of(was.place), was.rows, 0, true);
    }
    std::string reading;
    BRAID_ASSIGN(const bool goes_on, job_.state().get(StateFamily::meta, JobTurns::kRunReading, &reading));
    if (goes_on)
      places.put(StateFamily::meta, JobTurns::kRunReading, reading);
    else
      places.erase(StateFamily::meta, JobTurns::kRunReading);
    BRAID_TRY(beside_->state().commit(places));
    ready.commits = beside_->state().commits();
    return ready;
  }

  /// Files for values of fields are one place: their names have the values, of this subject and of others.
  void add_output(Erasure& erasure, const std::string& key, const std::string& path, int64_t before, int64_t after,
                  bool changed) const {
    const std::string folder = folder_of_parts(key);
    const std::string name = output_name(key);
    auto place = std::ranges::find_if(erasure.places, [&](const ErasedPlace& each) {
      return !folder.empty() && each.kind == ErasedPlace::Kind::output && each.name == name;
    });
    if (place == erasure.places.end())
      place = erasure.places.insert(place, {.kind = ErasedPlace::Kind::output,
                                            .name = name,
                                            .path = folder.empty() ? path : parent_directory(folder + ".")});
    place->before += before;
    place->after += after;
    place->changed |= changed;
  }

  /// Those that were found by a text are subjects of their own from now on.
  void note_records(Erasure& erasure, std::map<std::string, int64_t>& records) {
    for (const auto& [record, count] : options_.erased->found_records()) {
      const auto& [source, hash] = record;
      records[source] += count;
      erasure.subjects.push_back(hash);
      log_.subjects.push_back(
          {.source = source, .fields = {}, .hash = hash, .time_us = erasure.time_us, .because = {}});
    }
  }

  std::string label_of(size_t op) const {
    for (const StateFit& fit : beside_->states().fits)
      if (fit.op == static_cast<int>(op)) return fit.label;
    return program_.operators[op].text;
  }

  /// As the state of the job will name a file that it has not written so far. `made`: beside it, `bound/3/…`.
  Result<std::string> place_of_part(const std::string& folder, const std::string& made) const {
    const size_t rest = made.find('/', made.find('/') + 1);
    BRAID_ASSIGN(const StorePlace store, place_of_store(seams_.fs, job_options_.directory, job_.header().id));
    BRAID_ASSIGN(const OutputPlace place,
                 place_output(seams_.fs, store, job_options_.directory, folder + made.substr(rest + 1)));
    return place.stored;
  }

  std::string path_of(const std::string& stored) const {
    return stored.starts_with('/') ? stored : join_path(job_options_.directory, stored);
  }

  const Program& program_;
  const JobSeams& seams_;
  const JobOptions& job_options_;
  ErasureLog& log_;
  const std::vector<SoughtKey>& sought_;
  const int64_t until_;  ///< epochs of before that clock reading passed over what is done, and nothing else
  JobOptions options_;
  JobStore job_;  ///< as it is
  std::optional<JobStore> beside_;
  std::optional<OutputFiles> outputs_;
  JobTurns turns_;  ///< let go of before what it writes to
  EpochChain last_;
  bool untouched_ = true;
  std::atomic<bool> never_ = false;
};

Result<std::optional<Ready>> read_ready(Fs& fs, const std::string& store) {
  BRAID_ASSIGN(const FileInfo info, fs.stat(ready_file(store)));
  if (!info.exists) return std::optional<Ready>();
  BRAID_ASSIGN(const std::string bytes, fs.read_file(ready_file(store)));
  BRAID_ASSIGN(Ready ready, Ready::decode(bytes));
  return std::optional<Ready>(std::move(ready));
}

/// Durably, also into another file system. What was moved before is not there any more.
Status move_file(Fs& fs, const std::string& from, const std::string& to) {
  BRAID_ASSIGN(const FileInfo info, fs.stat(from));
  if (!info.exists) return {};
  BRAID_TRY(fs.make_directories(parent_directory(to)));
  const Status renamed = fs.rename(from, to);
  if (!renamed.ok() && renamed.error().system_error != EXDEV) return renamed;
  if (!renamed.ok()) {
    const std::string beside = to + ".tmp";
    {
      BRAID_ASSIGN(const std::unique_ptr<FileReader> reader, fs.open_reader(from));
      BRAID_ASSIGN(const std::unique_ptr<FileWriter> writer, fs.open_writer(beside, OpenMode::replace));
      std::string piece(size_t{1} << 20, '\0');
      for (uint64_t at = 0; at < info.size;) {
        BRAID_ASSIGN(const size_t count, reader->read_at(at, piece.data(), piece.size()));
        if (count == 0) break;
        BRAID_TRY(writer->append(std::string_view(piece).substr(0, count)));
        at += count;
      }
      BRAID_TRY(writer->sync());
    }
    BRAID_TRY(fs.rename(beside, to));
  }
  BRAID_TRY(fs.sync_directory(parent_directory(to)));
  return fs.remove(from);
}

/// Folders that have nothing any more: their names may tell of the subject. Up to `last`, which stays.
Status remove_empty(Fs& fs, std::string folder, const std::string& last) {
  for (;; folder = parent_directory(folder)) {
    BRAID_ASSIGN(const FileInfo info, fs.stat(folder));
    if (!info.exists) continue;
    BRAID_TRY(fs.sync_directory(folder));
    if (last.empty()) return {};
    BRAID_ASSIGN(const std::string below, fs.canonical(folder));
    BRAID_ASSIGN(const std::string end, fs.canonical(last));
    if (!below.starts_with(end + "/")) return {};
    BRAID_ASSIGN(const std::vector<std::string> names, fs.list_directory(folder));
    if (!names.empty()) return {};
    BRAID_TRY(fs.remove(folder));
  }
}

}  // namespace

Result<Erasure> prepare_erasure(const Program& program, const JobOptions& options, const JobSeams& seams,
                                ErasureLog& log, const std::vector<SoughtKey>& sought, bool dry) {
  // First as it was, with all its results: then what comes without the subject can be believed, too.
  ErasureLog as_it_was = log;
  int64_t asked = INT64_MAX;
  for (const ErasedSubject& subject : log.subjects)
    if (!subject.done) asked = std::min(asked, subject.time_us);
  std::erase_if(as_it_was.subjects, [](const ErasedSubject& subject) { return !subject.done; });
  const std::vector<SoughtKey> nothing;
  Result<Ready> ready = Again(program, options, seams, as_it_was, nothing, asked).run();
  if (ready.ok()) ready = Again(program, options, seams, log, sought, asked).run();
  if (!ready.ok() || dry) {
    BRAID_TRY(seams.fs.remove_tree(directory_of(options.directory)));
    if (!ready.ok()) return ready.error();
    return std::move(ready->erasure);
  }
  BRAID_TRY(log.write(seams.fs, options.directory));
  if (options.kill_point) options.kill_point("before_erasure_ready");
  BRAID_TRY(seams.fs.write_file(ready_file(options.directory), ready->encode()));
  if (options.kill_point) options.kill_point("after_erasure_ready");
  return std::move(ready->erasure);
}

Result<std::string> store_of_request(Fs& fs, const std::string& store) {
  BRAID_ASSIGN(const std::optional<StoreIdentity> identity, read_identity(fs, store));
  if (identity) return identity->id;
  BRAID_ASSIGN(const FileInfo state, fs.stat(join_path(store, "state")));
  return std::string(state.exists ? std::string_view() : ErasedSubject::kNoStore);
}

Result<std::optional<Erasure>> erased_by_new_run(const JobOptions& options, const JobSeams& seams,
                                                 const ErasureLog& log) {
  std::optional<Erasure> erasure;
  const std::string& directory = options.directory;
  BRAID_ASSIGN(const FileInfo state, seams.fs.stat(join_path(directory, "state")));
  if (!state.exists) return erasure;
  BRAID_ASSIGN(const std::optional<StoreIdentity> identity, read_identity(seams.fs, directory));
  BRAID_ASSIGN(const std::unique_ptr<StateStore> store, seams.open_store(join_path(directory, "state")));
  BRAID_ASSIGN(const std::optional<StoreHeader> header, read_header(*store, directory, identity));
  if (!header) return erasure;
  Erasure made{.time_us = seams.clock.now_us(), .store_id = header->id};
  for (const ErasedSubject& subject : log.subjects) {
    if (subject.done) continue;
    if (subject.store.empty() || subject.store == header->id) return erasure;
    made.subjects.push_back(subject.hash);
  }
  BRAID_ASSIGN(const StoredOutputs outputs, outputs_of(*store));
  for (const auto& [key, output] : outputs)
    made.places.push_back({.kind = ErasedPlace::Kind::output,
                           .name = output_name(key),
                           .path = output.place.starts_with('/') ? output.place : join_path(directory, output.place),
                           .before = output.rows,
                           .after = output.rows});
  erasure = std::move(made);
  return erasure;
}

Result<std::optional<Erasure>> ready_erasure(Fs& fs, const std::string& store) {
  BRAID_ASSIGN(std::optional<Ready> ready, read_ready(fs, store));
  return ready ? std::optional<Erasure>(std::move(ready->erasure)) : std::nullopt;
}

Status apply_erasure(const JobOptions& options, const JobSeams& seams) {
  Fs& fs = seams.fs;
  const std::string& store = options.directory;
  const auto reach = [&](std::string_view point) {
    if (options.kill_point) options.kill_point(point);
  };
  BRAID_ASSIGN(const std::optional<Ready> ready, read_ready(fs, store));
  if (!ready) return {};
  for (const auto& [from, to] : ready->moves) {
    BRAID_TRY(move_file(fs, from, to));
    reach("after_erased_output");
  }
  for (const auto& [path, folder] : ready->removed) {
    BRAID_TRY(remove_owned(fs, path));
    BRAID_TRY(remove_empty(fs, parent_directory(path), folder));
  }
  const std::string made = join_path(directory_of(store), "state"), state = join_path(store, "state");
  BRAID_ASSIGN(const FileInfo info, fs.stat(made));
  if (info.exists) {
    BRAID_TRY(fs.remove_tree(state));
    reach("after_erased_state");
    BRAID_TRY(fs.rename(made, state));
    BRAID_TRY(fs.sync_directory(store));
  }
  reach("after_new_state");
  BRAID_TRY(write_identity(fs, store, {ready->erasure.store_id, ready->commits}));
  // States that were made again for another script, with records of all.
  BRAID_TRY(fs.remove_tree(join_path(store, "rebuild")));
  return fs.remove_tree(join_path(store, "rebuild.done"));
}

Status finish_erasure(const JobOptions& options, const JobSeams& seams) {
  if (options.kill_point) options.kill_point("before_erasure_end");
  BRAID_TRY(seams.fs.remove(ready_file(options.directory)));
  BRAID_TRY(seams.fs.sync_directory(directory_of(options.directory)));
  return seams.fs.remove_tree(directory_of(options.directory));
}

}  // namespace braid
