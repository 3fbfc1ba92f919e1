// Recovery: lock the directory, read and check `meta`, cut outputs to what is committed, verify inputs, go on. A crash
// at any step: begin again.
#include <cerrno>

#include "runtime/data/key_bytes.h"
#include "runtime/engine/job_run.h"

namespace braid {
namespace {

constexpr uint16_t kStoreFormat = 2;

Error store_error(const Diagnostic& diagnostic) {
  return {ErrorKind::store, diagnostic.message, diagnostic.code, 0};
}

Result<std::unique_ptr<FileLock>> lock_store(Fs& fs, const std::string& directory) {
  auto cannot_write = [](Error error) {
    error.kind = ErrorKind::output;  // also where a look at the folder already fails
    return error;
  };
  if (Status made = fs.make_directories(directory); !made.ok()) return cannot_write(made.error());
  Result<std::unique_ptr<FileLock>> lock = fs.lock(join_path(directory, "lock"));
  if (!lock.ok() && lock.error().system_error == EWOULDBLOCK)
    return store_error(diag::StoreLocked{.path = directory}.make());
  if (!lock.ok()) return cannot_write(lock.error());
  return lock;
}

/// Files and directories below, then the directory itself.
Status remove_tree(Fs& fs, const std::string& path) {
  BRAID_ASSIGN(FileInfo info, fs.stat(path));
  if (!info.exists) return {};
  if (info.directory) {
    BRAID_ASSIGN(std::vector<std::string> names, fs.list_directory(path));
    for (const std::string& name : names) BRAID_TRY(remove_tree(fs, join_path(path, name)));
  }
  return fs.remove(path);
}

}  // namespace

JobRun::JobRun(const Program& program, const JobOptions& options, const JobSeams& seams)
    : program_(program),
      options_(options),
      seams_(seams),
      outputs_(seams.fs, program, join_path(options.directory, "out"), options.outputs),
      inputs_(seams.fs, program, options.seal),
      evict_above_(options.state_memory) {}

Status JobRun::check_format() {
  std::string value;
  BRAID_ASSIGN(bool found, store_->get(StateFamily::meta, "format", &value));
  fresh_ = !found;
  if (fresh_) {
    return store_->scan(StateFamily::meta, "", [this](std::string_view, std::string_view) -> Status {
      return store_error(diag::StoreCorrupt{.path = options_.directory, .reason = "its header is missing"}.make());
    });
  }
  WireReader in(value);
  auto format = in.fixed<uint16_t>();
  if (in.failed() || format != kStoreFormat)
    return store_error(diag::StoreVersion{.path = options_.directory, .found = format, .known = kStoreFormat}.make());
  std::string project(in.text());
  started_at_ = in.fixed<int64_t>();
  if (in.failed())
    return store_error(diag::StoreCorrupt{.path = options_.directory, .reason = "its header cannot be read"}.make());
  if (project != options_.project)
    return store_error(diag::StoreOfAnother{.path = options_.directory, .project = project}.make());
  BRAID_ASSIGN(found, store_->get(StateFamily::meta, "epoch", &value));
  if (found) {
    WireReader epoch(value);
    epoch_ = epoch.fixed<uint64_t>();
    epoch_digest_ = epoch.fixed<uint64_t>();
  }
  // A store may have lost its last commits, which are then made again; never one that others follow.
  uint64_t epochs = 0;
  BRAID_TRY(store_->scan(StateFamily::meta, "epochs/", [&](std::string_view key, std::string_view) -> Status {
    epochs += key == epoch_key(epochs + 1);
    return {};
  }));
  if (epochs != epoch_)
    return store_error(diag::StoreCorrupt{.path = options_.directory, .reason = "a commit is missing"}.make());
  return store_->scan(StateFamily::meta, "table/", [this](std::string_view key, std::string_view digest) -> Status {
    table_digests_[std::string(key.substr(6))] = WireReader(digest).fixed<uint64_t>();
    return {};
  });
}

Status JobRun::begin_store() {
  started_at_ = seams_.clock.now_us();
  WireWriter header;
  header.fixed(kStoreFormat);
  header.text(options_.project);
  header.fixed(started_at_);
  StateBatch batch;
  batch.put(StateFamily::meta, "format", header.take());
  BRAID_TRY(collect_states(program_, states_, *store_, batch));
  for (const ProductSpec& product : program_.products)
    batch.put(StateFamily::meta, "product/" + product.qualified() + "/" + std::to_string(product.version), "");
  return store_->commit(batch);
}

Status JobRun::recover() {
  BRAID_ASSIGN(lock_, lock_store(seams_.fs, options_.directory));
  BRAID_KILL_POINT("after_lock");
  BRAID_ASSIGN(store_, seams_.open_store(join_path(options_.directory, "state")));
  BRAID_TRY(check_format());
  if (store_->log_damaged())
    warnings_.push_back(
        diag::StoreLogDamaged{.path = options_.directory, .epoch = static_cast<int64_t>(epoch_)}.make());
  BRAID_ASSIGN(states_, match_states(program_, *store_, fresh_));
  if (!fresh_) {
    for (const ProductSpec& product : program_.products) {
      std::string ignored;
      BRAID_ASSIGN(bool known,
                   store_->get(StateFamily::meta,
                               "product/" + product.qualified() + "/" + std::to_string(product.version), &ignored));
      if (!known) states_.misfits.push_back(product.qualified() + " (new)");
    }
    if (!states_.misfits.empty()) {
      if (!options_.accept) return store_error(diag::StateDoesNotFit{.operators = states_.misfits}.make());
      states_changed_ = true;
    }
  }
  BRAID_TRY(outputs_.recover(*store_));
  if (fresh_) BRAID_TRY(begin_store());
  if (states_changed_) {
    StateBatch batch;
    BRAID_TRY(collect_states(program_, states_, *store_, batch));
    for (const ProductSpec& product : program_.products)
      batch.put(StateFamily::meta, "product/" + product.qualified() + "/" + std::to_string(product.version), "");
    BRAID_TRY(store_->commit(batch));
  }
  BRAID_KILL_POINT("after_outputs_cut");
  BRAID_TRY(outputs_.claim_products(*store_));
  BRAID_KILL_POINT("after_claim");
  BRAID_TRY(inputs_.open(*store_));

  EngineOptions engine;
  engine.job_seed = key_hash(options_.project + "/" + program_.name);
  engine.now = started_at_;
  engine.state_numbers = states_.numbers;
  // One worker's time goes into reading ahead: to cut keyed steps into as many parts would only cost.
  engine.workers = options_.workers > 1 ? options_.workers - 1 : 1;
  engine.block_rows = options_.block_rows;
  engine.executor = &seams_.executor;
  if (options_.state_memory != UINT64_MAX) engine.store = store_.get();
  engine.state_memory = options_.state_memory;
  BRAID_ASSIGN(engine_, TurnEngine::make(program_, outputs_, engine));
  for (const JobInputs::Partition& partition : inputs_.partitions()) {
    engine_->add_partition(partition.source, partition.reader->name());
    engine_->set_header(partition.source, partition.ordinal, partition.header);
  }
  feed_ = std::make_unique<TurnFeed>(program_, inputs_, *engine_, seams_.executor, options_.workers);
  return engine_->restore(*store_, states_.kept);
}

Status reset_job(const std::string& directory, const JobSeams& seams) {
  BRAID_ASSIGN(std::unique_ptr<FileLock> lock, lock_store(seams.fs, directory));
  std::string state = join_path(directory, "state");
  BRAID_ASSIGN(FileInfo info, seams.fs.stat(state));
  if (!info.exists) return {};
  std::vector<std::string> outputs;
  {
    Result<std::unique_ptr<StateStore>> store = seams.open_store(state);
    if (!store.ok()) {
      // Which results are the job's only the state knew: those in the store go aside with it. State last, so that a
      // crash in between finds it damaged still.
      std::string suffix = ".corrupt";
      for (int i = 1;; ++i) {
        BRAID_ASSIGN(FileInfo taken, seams.fs.stat(state + suffix));
        BRAID_ASSIGN(FileInfo taken_too, seams.fs.stat(join_path(directory, "out") + suffix));
        if (!taken.exists && !taken_too.exists) break;
        suffix = ".corrupt" + std::to_string(i);
      }
      std::string out = join_path(directory, "out");
      BRAID_ASSIGN(FileInfo results, seams.fs.stat(out));
      if (results.exists) BRAID_TRY(seams.fs.rename(out, out + suffix));
      BRAID_TRY(seams.fs.rename(state, state + suffix));
      return seams.fs.sync_directory(directory);
    }
    BRAID_TRY((*store)->scan(StateFamily::meta, OutputFiles::kKeyPrefix,
                             [&](std::string_view, std::string_view value) -> Status {
                               WireReader in(value);
                               in.fixed<uint64_t>();
                               in.fixed<int64_t>();
                               outputs.emplace_back(in.text());
                               return {};
                             }));
  }
  for (const std::string& path : outputs) BRAID_TRY(seams.fs.remove(path));
  for (const std::string& path : outputs) {
    BRAID_ASSIGN(FileInfo parent, seams.fs.stat(parent_directory(path)));
    if (parent.exists) BRAID_TRY(seams.fs.sync_directory(parent_directory(path)));
  }
  BRAID_TRY(remove_tree(seams.fs, state));
  return seams.fs.sync_directory(directory);
}

}  // namespace braid
