#include "runtime/engine/job_store.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/report/erasure_findings.h"
#include "runtime/report/state_findings.h"

namespace braid {
namespace {

std::string product_key(const ProductSpec& product) {
  return "product/" + product.qualified() + "/" + std::to_string(product.version);
}

}  // namespace

std::string epoch_key(uint64_t epoch) {
  return fmt::format("{}{:016x}", kEpochPrefix, epoch);
}

void put_epoch(StateBatch& batch, const EpochRecord& record) {
  const EpochChain chain = record.after();
  WireWriter last;
  last.fixed(chain.epoch);
  last.fixed(chain.digest);
  batch.put(StateFamily::meta, epoch_key(chain.epoch), record.encode());
  batch.put(StateFamily::meta, "epoch", last.take());
}

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

Status check_no_erasure(Fs& fs, const std::string& directory) {
  BRAID_ASSIGN(const FileInfo begun, fs.stat(join_path(join_path(directory, "erasing"), "ready")));
  return begun.exists ? Status(store_error(diag::ErasureUnfinished{.path = directory}.make())) : Status();
}

Status JobStore::lock(std::shared_ptr<FileLock> held) {
  lock_ = std::move(held);
  if (!lock_) {
    BRAID_ASSIGN(lock_, lock_store(seams_.fs, options_.directory));
  }
  return check_no_erasure(seams_.fs, options_.directory);
}

Status JobStore::open() {
  BRAID_ASSIGN(state_, seams_.open_store(join_path(options_.directory, "state")));
  BRAID_TRY(check());
  if (fresh_) {
    header_ = {.project = options_.project, .started_at = seams_.clock.now_us()};
    BRAID_ASSIGN(header_.id, seams_.fs.unique_id());
  }
  if (state_->log_damaged() || lost_commits_)
    warnings_.push_back(
        diag::StoreLogDamaged{.path = options_.directory, .epoch = static_cast<int64_t>(last_epoch_.epoch)}.make());
  return match();
}

Status JobStore::check() {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(seams_.fs, options_.directory));
  BRAID_ASSIGN(std::optional<StoreHeader> header, read_header(*state_, options_.directory, identity));
  fresh_ = !header.has_value();
  if (fresh_) return {};
  header_ = *std::move(header);
  lost_commits_ = identity && state_->commits() < identity->commits;
  if (header_.project != options_.project)
    return store_error(diag::StoreOfAnother{.path = options_.directory, .project = header_.project}.make());
  std::string value;
  BRAID_ASSIGN(bool found, state_->get(StateFamily::meta, "epoch", &value));
  if (found) {
    WireReader epoch(value);
    last_epoch_.epoch = epoch.fixed<uint64_t>();
    last_epoch_.digest = epoch.fixed<uint64_t>();
  }
  // A store may have lost its last commits, which are then made again; never one that others follow.
  // The store itself proves that none is missing in between.
  BRAID_ASSIGN(const bool has_last, state_->get(StateFamily::meta, epoch_key(last_epoch_.epoch), &value));
  BRAID_ASSIGN(const bool has_next, state_->get(StateFamily::meta, epoch_key(last_epoch_.epoch + 1), &value));
  if ((last_epoch_.epoch > 0 && !has_last) || has_next)
    return store_error(diag::StoreCorrupt{.path = options_.directory, .reason = "a commit is missing"}.make());
  return {};
}

void JobStore::put_products(StateBatch& batch) const {
  for (const ProductSpec& product : program_.products) batch.put(StateFamily::meta, product_key(product), "");
}

Status JobStore::match() {
  BRAID_ASSIGN(states_, match_states(program_, options_.parts, *state_));
  BRAID_TRY(check_names());
  BRAID_ASSIGN(const bool known_program, history_knows(program_, *state_));
  changed_ = fresh_ || states_.renamed || !known_program;
  if (fresh_) return {};
  for (const ProductSpec& product : program_.products) {
    std::string ignored;
    BRAID_ASSIGN(bool known, state_->get(StateFamily::meta, product_key(product), &ignored));
    changed_ |= !known;
  }
  std::vector<const StateFit*> lost;
  for (const StateFit& fit : states_.fits) {
    changed_ |= fit.kind != StateFit::Kind::kept;
    const bool rebuilds = fit.is_open() && names_step(options_.rebuild, fit.label, fit.kind == StateFit::Kind::changed);
    if (rebuilds) {
      states_.rebuilt[static_cast<size_t>(fit.op)] = true;
    } else if (fit.loses() && !names_step(options_.accept, fit.label, true)) {
      lost.push_back(&fit);
    } else if (fit.conversion >= 0) {
      converts_.push_back(static_cast<size_t>(fit.conversion));
    }
  }
  if (lost.empty()) return {};
  return misfit(lost);
}

Status JobStore::check_names() const {
  // A task of a job over topics may have but a part of the steps.
  if (options_.partition) return {};
  for (const auto& [flag, words] : {std::pair("--accept", &options_.accept), {"--rebuild", &options_.rebuild}})
    for (const std::string& word : *words) {
      if (may_name_step(word, program_, states_.fits)) continue;
      std::vector<std::string> steps;
      for (const StateFit& fit : states_.fits) steps.push_back("`" + fit.label + "`");
      Error error = store_error(diag::NoSuchStateStep{.flag = flag, .step = word}.make());
      error.message += steps.empty() ? "\nthe script has no step that keeps state"
                                     : fmt::format("\nthere are {}", fmt::join(steps, ", "));
      return error;
    }
  return {};
}

Status JobStore::misfit(const std::vector<const StateFit*>& lost) {
  std::vector<std::string> labels, ways;
  BRAID_ASSIGN(const History history, read_history(*state_));
  for (const StateFit* fit : lost) {
    labels.push_back(fit->label);
    std::string way = fmt::format("`{}`: {}; ", fit->label, reason_text(*fit));
    if (fit->is_open()) {
      BRAID_ASSIGN(const Retained retained, retained_for(program_, fit->op, history, *state_, places()));
      way += retained.whole ? fmt::format("`--rebuild \"{}\"` makes it again {}, ", fit->label, retained.text)
                            : fmt::format("it cannot be made again ({}), ", retained.text);
    }
    ways.push_back(way + fmt::format("`--accept \"{}\"` {}", fit->label,
                                     fit->conversion >= 0 ? "begins what is new empty" : "gives it up"));
  }
  Error error = store_error(diag::StateDoesNotFit{.operators = std::move(labels)}.make());
  for (const std::string& way : ways) error.message += "\n" + way;
  return error;
}

InputPlaces JobStore::places() const {
  InputPlaces places{.fs = seams_.fs, .root = options_.root};
  if (options_.partition)
    places.no_topics = kTasksReadOnce;
  else
    places.broker = seams_.broker;
  return places;
}

bool JobStore::wants_rebuild() const {
  return std::ranges::find(states_.rebuilt, true) != states_.rebuilt.end();
}

std::vector<std::string> JobStore::started_empty() const {
  std::vector<std::string> steps;
  if (fresh_) return steps;
  for (const StateFit& fit : states_.fits) {
    const bool kept = fit.op >= 0 && states_.kept[static_cast<size_t>(fit.op)];
    const bool rebuilt = fit.op >= 0 && states_.rebuilt[static_cast<size_t>(fit.op)];
    if (fit.kind == StateFit::Kind::gone)
      steps.push_back(fit.label + " (gone)");
    else if (fit.is_open() && !kept)
      steps.push_back(fit.label + (fit.kind == StateFit::Kind::added ? " (new)" : " (changed)"));
    else if (fit.kind == StateFit::Kind::changed && !rebuilt)
      steps.push_back(fit.label + " (what is new in it)");
  }
  return steps;
}

std::vector<std::string> JobStore::rebuilt() const {
  std::vector<std::string> steps;
  for (const StateFit& fit : states_.fits)
    if (fit.op >= 0 && states_.rebuilt[static_cast<size_t>(fit.op)]) steps.push_back(fit.label);
  return steps;
}

Status JobStore::begin() {
  if (!changed_) return {};
  StateBatch batch;
  if (fresh_) put_header(batch, header_);
  for (size_t op = 0; op < states_.rebuilt.size(); ++op)
    if (states_.rebuilt[op]) states_.kept[op] = true;
  for (const size_t each : converts_) {
    const StateConversion& conversion = states_.conversions[each];
    const auto op = static_cast<size_t>(operator_of(conversion));
    BRAID_TRY(convert_state(program_, conversion, states_.numbers[op], *state_));
    states_.kept[op] = true;
  }
  if (!converts_.empty() && options_.kill_point) options_.kill_point("after_conversion");
  BRAID_TRY(collect_states(program_, options_.parts, states_, *state_, batch));
  put_products(batch);
  put_program(batch, program_);
  return state_->commit(batch);
}

void JobStore::start_proof() {
  proof_ = std::make_unique<Proof>();
  proof_->task =
      seams_.executor.start_io([this, proof = proof_.get()] { proof->result = state_->verify(proof->stop); });
}

Status JobStore::wait_for_proof() {
  if (!proof_) return {};
  proof_->task->wait();
  const Status result = std::move(proof_->result);
  proof_.reset();
  return result;
}

Status JobStore::keep_identity(bool finished) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(seams_.fs, options_.directory));
  // Commits that were lost are missed until they have been made again.
  if (identity && (finished ? identity->commits == state_->commits() : identity->commits >= state_->commits()))
    return {};
  return write_identity(seams_.fs, options_.directory, {header_.id, state_->commits()});
}

}  // namespace braid
