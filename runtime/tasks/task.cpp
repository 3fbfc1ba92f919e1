#include "runtime/tasks/task.h"

#include <fmt/format.h>

#include <charconv>

#include "runtime/broker/patience.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;
/// How long an attempt waits for records that are not there.
constexpr int64_t kUntilSeen = 5'000'000;
constexpr std::string_view kTokenHead = "braid1:";
/// Of the memory for state, as much as may wait for a checkpoint.
constexpr uint64_t kDirtyPart = 6;
constexpr uint64_t kTurnsOfEpoch = 1024;
/// Where `meta` says from which offset on the topic of epochs is read.
constexpr std::string_view kEpochsFrom = "epochs_from";

Error input_error(const Diagnostic& diagnostic) {
  return {ErrorKind::input, diagnostic.message, diagnostic.code, 0};
}

}  // namespace

std::string token_text(const EpochChain& chain) {
  return fmt::format("{}{}:{:016x}", kTokenHead, chain.epoch, chain.digest);
}

std::optional<EpochChain> read_token(std::string_view text) {
  if (!text.starts_with(kTokenHead)) return std::nullopt;
  text.remove_prefix(kTokenHead.size());
  EpochChain chain;
  const char* const end = text.data() + text.size();
  auto [behind, error] = std::from_chars(text.data(), end, chain.epoch);
  if (error != std::errc() || behind == end || *behind != ':') return std::nullopt;
  auto [last, wrong] = std::from_chars(behind + 1, end, chain.digest, 16);
  if (wrong != std::errc() || last != end) return std::nullopt;
  return chain;
}

TaskRun::TaskRun(const Place& place, const Program& program, JobOptions options, const JobSeams& seams,
                 OutputTopics& topics, Transaction& transaction)
    : place_(place),
      program_(program),
      options_(std::move(options)),
      seams_(seams),
      transaction_(transaction),
      store_(program, options_, seams),
      outputs_(program, topics, place.number, transaction, seams.clock),
      turns_(program, options_, seams),
      evict_above_(options_.state_memory) {}

bool TaskRun::reads_topic(const JobInputs::Partition& partition) const {
  const SourceSpec& source = program_.sources[partition.source];
  return source.binding.kind == "topic" && !source.is_static();
}

Status TaskRun::recover(const std::vector<BrokerGroup::Committed>& committed) {
  EpochChain token;
  for (const BrokerGroup::Committed& each : committed) {
    if (!each.offset) continue;
    const std::optional<EpochChain> found = read_token(each.metadata);
    if (!found || (token.epoch > 0 && *found != token))
      return input_error(diag::ReplayDiffers{
          .task = place_.number,
          .epoch = static_cast<int64_t>(token.epoch),
          .reason = fmt::format("the offset of `{}` was not committed by this job", name_of(each.place))}
                             .make());
    token = *found;
  }
  BRAID_TRY(store_.lock());
  BRAID_TRY(store_.open());
  last_ = stored_ = store_.last_epoch();
  if (last_.epoch > token.epoch)
    return store_error(diag::TaskAhead{.task = place_.number,
                                       .state = static_cast<int64_t>(last_.epoch),
                                       .group = options_.group,
                                       .committed = static_cast<int64_t>(token.epoch)}
                           .make());
  BRAID_TRY(store_.begin());
  BRAID_TRY(store_.keep_identity(false));
  BRAID_TRY(turns_.open(store_, outputs_));
  BRAID_TRY(turns_.load_tables());
  BRAID_TRY(replay(token));
  if (last_ != token)
    return store_error(
        diag::TaskOffChain{.task = place_.number, .group = options_.group, .epoch = static_cast<int64_t>(last_.epoch)}
            .make());
  BRAID_TRY(check_offsets(committed));
  outputs_.go_live();
  stored_at_ = seams_.clock.steady_us();
  return turns_.begin();
}

Status TaskRun::replay(const EpochChain& token) {
  if (last_.epoch == token.epoch) return {};
  std::string value;
  BRAID_ASSIGN(const bool known, store_.state().get(StateFamily::meta, kEpochsFrom, &value));
  if (known) epochs_from_ = WireReader(value).fixed<int64_t>();
  const BrokerResult<OffsetRange> range = ask_patiently(
      seams_.clock, options_.stop_requested, [&] { return seams_.broker->offsets(place_.epochs, kPatience); });
  if (!range.ok()) return Error(range.error());
  epochs_from_ = std::max(epochs_from_, range->begin);
  if (const BrokerStatus begun = seams_.reader->start(place_.epochs, epochs_from_); !begun.ok())
    return Error(begun.error());
  auto gone = [&] {
    return store_error(diag::EpochsGone{.task = place_.number,
                                        .state = static_cast<int64_t>(last_.epoch),
                                        .topic = place_.epochs.topic,
                                        .needed = static_cast<int64_t>(last_.epoch + 1)}
                           .make());
  };
  int64_t began = seams_.clock.steady_us();
  while (last_.epoch < token.epoch) {
    auto fetched = seams_.reader->fetch(place_.epochs, 64);
    if (!fetched.ok() && fetched.error().fault != BrokerFault::retry) return Error(fetched.error());
    if (!fetched.ok() || fetched->batch == nullptr) {
      // The offsets of a transaction may be seen before its records.
      const int64_t now = seams_.clock.steady_us();
      if (now - began > kUntilSeen && now >= place_.wait_until) return gone();
      if (now - began > kUntilSeen || (options_.stop_requested && options_.stop_requested())) {
        waits_ = true;
        return Error{ErrorKind::input, "`" + place_.epochs.topic + "` cannot be read", 0, 0};
      }
      seams_.reader->wait(100'000);
      continue;
    }
    for (const BrokerRecord& record : fetched->batch->records()) {
      if (last_.epoch >= token.epoch) break;
      BRAID_ASSIGN(const EpochRecord epoch, EpochRecord::decode(record.value.value_or("")));
      began = seams_.clock.steady_us();
      if (epoch.after().epoch <= last_.epoch) continue;
      if (epoch.before.epoch != last_.epoch) return gone();
      if (epoch.before != last_)
        return store_error(diag::TaskOffChain{
            .task = place_.number, .group = options_.group, .epoch = static_cast<int64_t>(last_.epoch)}
                               .make());
      auto differs = [&](std::string reason) {
        return input_error(diag::ReplayDiffers{
            .task = place_.number, .epoch = static_cast<int64_t>(epoch.after().epoch), .reason = std::move(reason)}
                               .make());
      };
      if (epoch.program != program_.id) return differs("another version of the script has made it");
      if (Status again = turns_.replay(epoch); !again.ok())
        return again.error().code == diag::ReplayDiffers::kCode ? differs(again.error().message) : again.error();
      record_ = turns_.end_epoch(last_);
      outputs_.collect(record_.outputs);
      if (record_.tables != epoch.tables) return differs("reference data is not what it was");
      if (record_.input_digest != epoch.input_digest) return differs("its inputs have other records now");
      if (record_.after() != epoch.after()) return differs("it gives other rows, which is a bug of Braid");
      last_ = record_.after();
      // Turns that are run again fill the memory like others.
      epochs_from_ = record.offset + 1;
      if (full()) BRAID_TRY(keep_to_budget());
    }
  }
  (void)seams_.reader->stop(place_.epochs);
  return {};
}

Status TaskRun::check_offsets(const std::vector<BrokerGroup::Committed>& committed) const {
  for (const JobInputs::Partition& partition : turns_.inputs().partitions()) {
    if (!reads_topic(partition)) continue;
    for (const BrokerGroup::Committed& each : committed) {
      if (!each.offset || name_of(each.place) != partition.name || *each.offset == partition.position.position)
        continue;
      return input_error(
          diag::ReplayDiffers{.task = place_.number,
                              .epoch = static_cast<int64_t>(last_.epoch),
                              .reason = fmt::format("`{}` was read up to offset {}, and offset {} is committed",
                                                    partition.name, partition.position.position, *each.offset)}
              .make());
    }
  }
  return {};
}

Result<bool> TaskRun::run() {
  if (store_.proof_is_done()) BRAID_TRY(store_.wait_for_proof());
  if (in_flight_ && in_flight_->task->done()) BRAID_TRY(wait_for_checkpoint());
  BRAID_TRY(turns_.look());
  JobInputs::Partition* partition = turns_.choose();
  if (partition == nullptr) return false;
  return turns_.run(*partition);
}

bool TaskRun::full() const {
  const StateSize state = turns_.engine().state_size();
  return state.bytes > evict_above_ || state.dirty > options_.state_memory / kDirtyPart ||
         turns_.since_commit() >= kTurnsOfEpoch;
}

bool TaskRun::end_epoch(std::vector<OffsetToCommit>& offsets) {
  if (turns_.since_commit() == 0) return false;
  record_ = turns_.end_epoch(last_);
  outputs_.collect(record_.outputs);
  const EpochChain chain = record_.after();
  transaction_.write({.place = place_.epochs,
                      .key = std::nullopt,
                      .value = record_.encode(),
                      .headers = {},
                      .timestamp_ms = seams_.clock.now_us() / 1000});
  const std::string token = token_text(chain);
  for (const JobInputs::Partition& partition : turns_.inputs().partitions())
    if (reads_topic(partition)) offsets.push_back({place_of(partition.name), partition.position.position, token});
  return true;
}

Status TaskRun::committed() {
  last_ = record_.after();
  ++commits_;
  if (!full() && seams_.clock.steady_us() - stored_at_ < place_.checkpoint_every_us) return {};
  // Its record lies before the end, and the next one is not written yet.
  if (const BrokerResult<OffsetRange> range = seams_.broker->offsets(place_.epochs, kPatience); range.ok())
    epochs_from_ = range->end;
  return keep_to_budget();
}

Status TaskRun::keep_to_budget() {
  BRAID_TRY(checkpoint());
  if (turns_.engine().state_size().bytes <= evict_above_) return {};
  // Rows go only if the store has them.
  BRAID_TRY(wait_for_checkpoint());
  BRAID_TRY(turns_.engine().evict(options_.state_memory / 4 * 3));
  evict_above_ = std::max(options_.state_memory, turns_.engine().state_size().bytes + options_.state_memory / 8);
  return {};
}

Status TaskRun::checkpoint() {
  BRAID_TRY(wait_for_checkpoint());
  if (stored_ == last_) return {};
  in_flight_ = std::make_unique<Checkpoint>();
  StateBatch& batch = in_flight_->batch;
  put_epoch(batch, record_);
  WireWriter from;
  from.fixed(epochs_from_);
  batch.put(StateFamily::meta, std::string(kEpochsFrom), from.take());
  BRAID_TRY(turns_.collect(batch));
  stored_ = last_;
  stored_at_ = seams_.clock.steady_us();
  in_flight_->task = seams_.executor.start_io(
      [this, checkpoint = in_flight_.get()] { checkpoint->result = store_.state().commit(checkpoint->batch); });
  return {};
}

Status TaskRun::wait_for_checkpoint() {
  if (!in_flight_) return {};
  in_flight_->task->wait();
  Status result = std::move(in_flight_->result);
  in_flight_.reset();
  BRAID_TRY(result);
  turns_.engine().committed();
  return {};
}

Status TaskRun::close() {
  BRAID_TRY(checkpoint());
  BRAID_TRY(wait_for_checkpoint());
  BRAID_TRY(store_.wait_for_proof());
  return store_.keep_identity(true);
}

JobReport TaskRun::report() const {
  JobReport report = report_of(program_, turns_.engine());
  report.turns = turns_.turns();
  report.epochs = commits_;
  if (store_.states_changed()) report.started_empty = store_.states().misfits;
  for (const auto* warnings : {&store_.warnings(), &turns_.warnings(), &turns_.inputs().warnings()})
    report.warnings.insert(report.warnings.end(), warnings->begin(), warnings->end());
  return report;
}

}  // namespace braid
