// Recovery: lock the directory, read and check `meta`, cut outputs to what is committed, verify inputs, go on. A crash
// at any step: begin again.
#include <cerrno>

#include "runtime/data/key_bytes.h"
#include "runtime/engine/job_run.h"

namespace braid {
namespace {

Error store_error(const Diagnostic& diagnostic) {
  return {ErrorKind::store, diagnostic.message, diagnostic.code, 0};
}

}  // namespace

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

JobRun::JobRun(const Program& program, const JobOptions& options, const JobSeams& seams)
    : program_(program),
      options_(options),
      seams_(seams),
      outputs_(seams.fs, program, options.directory, options.outputs),
      inputs_(seams.fs, program, {.complete = options.seal && !options.follow, .live = options.follow}, options.root),
      evict_above_(options.state_memory) {}

Status JobRun::check_store() {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(seams_.fs, options_.directory));
  BRAID_ASSIGN(std::optional<StoreHeader> header, read_header(*store_, options_.directory, identity));
  fresh_ = !header.has_value();
  if (fresh_) return {};
  header_ = *std::move(header);
  lost_commits_ = identity && store_->commits() < identity->commits;
  if (header_.project != options_.project)
    return store_error(diag::StoreOfAnother{.path = options_.directory, .project = header_.project}.make());
  std::string value;
  BRAID_ASSIGN(bool found, store_->get(StateFamily::meta, "epoch", &value));
  if (found) {
    WireReader epoch(value);
    epoch_ = epoch.fixed<uint64_t>();
    epoch_digest_ = epoch.fixed<uint64_t>();
  }
  // A store may have lost its last commits, which are then made again; never one that others follow.
  // The store itself proves that none is missing in between.
  BRAID_ASSIGN(const bool has_last, store_->get(StateFamily::meta, epoch_key(epoch_), &value));
  BRAID_ASSIGN(const bool has_next, store_->get(StateFamily::meta, epoch_key(epoch_ + 1), &value));
  if ((epoch_ > 0 && !has_last) || has_next)
    return store_error(diag::StoreCorrupt{.path = options_.directory, .reason = "a commit is missing"}.make());
  return store_->scan(StateFamily::meta, "table/", [this](std::string_view key, std::string_view digest) -> Status {
    table_digests_[std::string(key.substr(6))] = WireReader(digest).fixed<uint64_t>();
    return {};
  });
}

Status JobRun::begin_store() {
  StateBatch batch;
  put_header(batch, header_);
  BRAID_TRY(collect_states(program_, states_, *store_, batch));
  for (const ProductSpec& product : program_.products)
    batch.put(StateFamily::meta, "product/" + product.qualified() + "/" + std::to_string(product.version), "");
  return store_->commit(batch);
}

Status JobRun::keep_identity(bool finished) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(seams_.fs, options_.directory));
  // Commits that were lost are missed until they have been made again.
  if (identity && (finished ? identity->commits == store_->commits() : identity->commits >= store_->commits()))
    return {};
  return write_identity(seams_.fs, options_.directory, {header_.id, store_->commits()});
}

Status JobRun::recover() {
  BRAID_ASSIGN(lock_, lock_store(seams_.fs, options_.directory));
  BRAID_KILL_POINT("after_lock");
  BRAID_ASSIGN(store_, seams_.open_store(join_path(options_.directory, "state")));
  BRAID_TRY(check_store());
  if (fresh_) {
    header_ = {.project = options_.project, .started_at = seams_.clock.now_us()};
    BRAID_ASSIGN(header_.id, seams_.fs.unique_id());
  }
  BRAID_ASSIGN(StorePlace place, place_of_store(seams_.fs, options_.directory, header_.id));
  outputs_.set_store(std::move(place), lost_commits_);
  if (store_->log_damaged() || lost_commits_)
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
  outputs_.claim_early([this]() -> Result<StateStore*> {
    if (in_flight_) {
      in_flight_->task->wait();
      BRAID_TRY(in_flight_->result);
    }
    return store_.get();
  });
  if (options_.workers > 1) outputs_.encode_beside(seams_.executor, options_.workers);
  BRAID_KILL_POINT("after_claim");
  BRAID_TRY(keep_identity(false));
  BRAID_TRY(inputs_.open(*store_));

  EngineOptions engine;
  engine.job_seed = key_hash(options_.project + "/" + program_.name);
  engine.now = header_.started_at;
  engine.state_numbers = states_.numbers;
  // One worker's time goes into reading ahead: to cut keyed steps into as many parts would only cost.
  engine.workers = options_.workers > 1 ? options_.workers - 1 : 1;
  engine.block_rows = options_.block_rows;
  engine.executor = &seams_.executor;
  if (options_.state_memory != UINT64_MAX) engine.store = store_.get();
  engine.state_memory = options_.state_memory;
  BRAID_ASSIGN(engine_, TurnEngine::make(program_, outputs_, engine));
  for (const JobInputs::Partition& partition : inputs_.partitions()) {
    engine_->add_partition(partition.source, partition.name);
    engine_->set_header(partition.source, partition.ordinal, partition.header);
  }
  if (options_.follow) begin_epoch();
  feed_ = std::make_unique<TurnFeed>(program_, inputs_, *engine_, seams_.executor, options_.workers);
  proof_ = std::make_unique<Proof>();
  proof_->task =
      seams_.executor.start_io([this, proof = proof_.get()] { proof->result = store_->verify(proof->stop); });
  return engine_->restore(*store_, states_.kept);
}

}  // namespace braid
