#include "runtime/tasks/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/base/check.h"
#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/job_status.h"
#include "runtime/promise/volume_counts.h"
#include "runtime/report/erasure_findings.h"
#include "runtime/report/topic_findings.h"
#include "runtime/snapshot/checkpoint.h"
#include "runtime/snapshot/fetch.h"
#include "runtime/tasks/topic_job.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;
/// How long turns wait for what the job can do without.
constexpr int64_t kShortly = 1'000'000;
/// How long an attempt waits for records that are not there.
constexpr int64_t kUntilSeen = 5'000'000;
/// Answers of services that an epoch may have in memory before it is committed.
constexpr size_t kMostAnswers = size_t{4} << 20;
constexpr std::string_view kTokenHead = "braid1:";
/// Where `meta` says from which offset on the topic of epochs is read.
constexpr std::string_view kEpochsFrom = "epochs_from";
/// Where `meta` has the subjects that are passed over.
constexpr std::string_view kErasures = "erasures";

Error input_error(const Diagnostic& diagnostic) {
  return {ErrorKind::input, diagnostic.message, diagnostic.code, 0};
}

}  // namespace

std::string token_text(const EpochChain& chain, uint64_t heard, std::string_view volumes) {
  std::string text = fmt::format("{}{}:{:016x}", kTokenHead, chain.epoch, chain.digest);
  if (heard != 0 || !volumes.empty()) text += fmt::format(":{:016x}", heard);
  if (!volumes.empty()) text += fmt::format(":{}", volumes);
  return text;
}

std::optional<EpochChain> read_token(std::string_view text) {
  if (!text.starts_with(kTokenHead)) return std::nullopt;
  text.remove_prefix(kTokenHead.size());
  EpochChain chain;
  const char* const end = text.data() + text.size();
  auto [behind, error] = std::from_chars(text.data(), end, chain.epoch);
  if (error != std::errc() || behind == end || *behind != ':') return std::nullopt;
  auto [last, wrong] = std::from_chars(behind + 1, end, chain.digest, 16);
  if (wrong != std::errc() || (last != end && *last != ':')) return std::nullopt;
  return chain;
}

namespace {

/// What stands between its colons, from 0 on; empty: it has no such part.
std::string_view part_of_token(std::string_view text, int number) {
  for (; number > 0; --number) {
    const size_t at = text.find(':');
    if (at == text.npos) return {};
    text.remove_prefix(at + 1);
  }
  return text.substr(0, text.find(':'));
}

}  // namespace

uint64_t read_heard(std::string_view text) {
  uint64_t heard = 0;
  const std::string_view part = part_of_token(text, 3);
  std::from_chars(part.data(), part.data() + part.size(), heard, 16);
  return heard;
}

std::string_view read_volumes_of(std::string_view text) {
  return part_of_token(text, 4);
}

uint64_t heard_of(std::span<const uint64_t> epochs) {
  uint64_t heard = 0;
  // A task that has heard nothing has committed nothing.
  for (size_t front = 0; front < epochs.size(); ++front)
    if (epochs[front] > 0) heard = hash_mix(heard, hash_mix(front, epochs[front]));
  return heard;
}

TaskRun::TaskRun(const Place& place, const Program& program, JobOptions options, const JobSeams& seams,
                 OutputTopics& topics, Transaction& transaction)
    : place_(place),
      program_(program),
      volume_promises_(volume_promises(program)),
      options_(std::move(options)),
      seams_(seams),
      transaction_(transaction),
      store_(program, options_, seams),
      topics_(topics),
      outputs_(program, topics, place.number_in_stage, transaction, seams.clock),
      turns_(program, options_, seams) {
  outputs_.carry_traces(turns_.traces());
  outputs_.show_rows_to(place_.tap);
  if (place_.erases) erased_epoch_ = UINT64_MAX;
}

bool TaskRun::reads_topic(const JobInputs::Partition& partition) const {
  const SourceSpec& source = program_.sources[partition.source];
  return source.is_of_broker() && !source.is_static();
}

Status TaskRun::lock() {
  BRAID_ASSIGN(lock_, lock_store(seams_.fs, options_.directory + ".lock"));
  return {};
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
  committed_epoch_ = token.epoch;
  if (place_.snapshots != nullptr)
    uploader_ =
        std::make_unique<SnapshotUploader>(*place_.snapshots, seams_.fs, seams_.clock, seams_.executor, owner());
  BRAID_TRY(fetch_store(token));
  BRAID_TRY(store_.lock());
  BRAID_TRY(store_.open());
  last_ = stored_ = store_.last_epoch();
  const EpochChain of_group = token;
  BRAID_TRY(read_epochs_from());
  if (place_.offsets_may_go_back && token.epoch > 0 && last_.epoch > 0 && last_ != token) {
    BRAID_ASSIGN(token, where_to_go_on(token));
  }
  if (last_.epoch > token.epoch)
    return store_error(diag::TaskAhead{.task = place_.number,
                                       .state = static_cast<int64_t>(last_.epoch),
                                       .group = options_.group,
                                       .committed = static_cast<int64_t>(token.epoch)}
                           .make());
  BRAID_TRY(store_.begin());
  BRAID_TRY(store_.keep_identity(false));
  BRAID_TRY(turns_.open(store_, outputs_));
  BRAID_TRY(find_erasures(token));
  BRAID_TRY(turns_.load_tables());
  BRAID_TRY(replay(token));
  if (last_ != token) return off_chain();
  if (token == of_group) BRAID_TRY(check_offsets(committed));
  stored_at_ = offsets_at_ = seams_.clock.steady_us();
  if (place_.only_replays || (place_.erases && last_.epoch > 0)) {
    // The rows that it has counted are there still.
    for (const BrokerGroup::Committed& each : committed)
      if (each.offset) stated_volumes_ = read_volumes_of(each.metadata);
    return {};
  }
  outputs_.show_rows_to(nullptr);
  outputs_.go_live();
  // What was run again is no row that readers see now.
  if (options_.follow) turns_.engine().watch_promises();
  if (options_.follow && token == of_group) restore_volumes(committed);
  shown_ = report().products;
  for (const JobReport::Product& product : shown_) rows_before_.push_back(product.rows);
  if (last_.epoch == 0 && !passed_.subjects.empty())
    turns_.note_erasure(ErasureNote{.outputs = 0, .log = passed_}.encode());
  return turns_.begin();
}

void TaskRun::restore_volumes(const std::vector<BrokerGroup::Committed>& committed) {
  if (volume_promises_.empty()) return;
  const auto stated = std::ranges::find_if(committed, [](const auto& each) { return each.offset.has_value(); });
  if (stated == committed.end()) return;
  // Another script had other promises: it counts anew.
  if (const auto counts = read_volumes(read_volumes_of(stated->metadata), volume_promises_))
    turns_.engine().restore_volumes(*counts);
}

TaskVolumes TaskRun::volumes() const {
  return {.epoch = last_.epoch, .counts = turns_.engine().volume_counts(TurnEngine::VolumeRows::visible)};
}

Status TaskRun::find_erasures(const EpochChain& token) {
  if (place_.erases) return {};
  if (last_.epoch > 0) {
    std::string text;
    BRAID_ASSIGN(const bool any, store_.state().get(StateFamily::meta, kErasures, &text));
    if (!any) return {};
    BRAID_ASSIGN(passed_, ErasureLog::parse(text, options_.directory));
  } else if (token.epoch > 0) {
    const BrokerResult<OffsetRange> range = epochs_range();
    if (!range.ok()) return Error(range.error());
    epochs_from_ = std::max(epochs_from_, range->begin);
    BRAID_ASSIGN(tree_, read_tree(epochs_from_, INT64_MAX, &token));
    const EpochTree::Erasure* last = tree_->last_erasure(tree_->path_to(token));
    if (last == nullptr) return {};
    BRAID_ASSIGN(ErasureNote note, ErasureNote::decode(last->note));
    erased_epoch_ = last->at.epoch;
    erased_outputs_ = note.outputs;
    passed_ = std::move(note.log);
  } else {
    passed_ = place_.erasures;
  }
  return passed_.subjects.empty() ? Status() : turns_.pass_over(passed_);
}

void TaskRun::note_erasure(const ErasureLog& log) {
  passed_ = log;
  turns_.note_erasure(ErasureNote{.outputs = made_outputs_, .log = log}.encode());
}

Result<int64_t> TaskRun::stored_rows() {
  int64_t rows = 0;
  for (const StateFamily family : {StateFamily::point, StateFamily::timed})
    BRAID_TRY(store_.state().scan(family, "", [&](std::string_view, std::string_view) -> Status {
      ++rows;
      return {};
    }));
  return rows;
}

Status TaskRun::read_epochs_from() {
  std::string value;
  BRAID_ASSIGN(const bool known, store_.state().get(StateFamily::meta, kEpochsFrom, &value));
  if (known) epochs_from_ = WireReader(value).fixed<int64_t>();
  return {};
}

Status TaskRun::replay(const EpochChain& token) {
  if (last_.epoch == token.epoch) return {};
  const BrokerResult<OffsetRange> range = epochs_range();
  if (!range.ok()) return Error(range.error());
  epochs_from_ = std::max(epochs_from_, range->begin);
  // Of several attempts, and of several branches, only the way to the token counts.
  const int64_t from = epochs_from_;
  if (!tree_) {
    BRAID_ASSIGN(tree_, read_tree(from, INT64_MAX, &token));
  }
  const EpochTree tree = *std::exchange(tree_, std::nullopt);
  // Others have cut what lies between, and the token is not true any more.
  if (!tree.knows(token)) return tree.first() > last_.epoch + 1 ? gone() : off_chain();
  const EpochPath path = tree.path_to(token);
  if (path.first() > last_.epoch) return gone();
  if (!path.has(last_)) return off_chain();
  if (const EpochTree::Erasure* erasure = tree.last_erasure(path);
      !place_.erases && erasure != nullptr && last_.epoch > 0 && last_.epoch < erasure->at.epoch) {
    begins_anew_ = true;  // it has rows of the subject
    return off_chain();
  }
  return read_epochs(
      from,
      [&](EpochRecord&& epoch, int64_t offset) -> Result<bool> {
        if (epoch.before.epoch < last_.epoch) answers_.forget(last_.epoch);
        if (epoch.before != last_ || !path.has(epoch.after())) return true;
        BRAID_TRY(run_again(epoch, offset));
        return last_ != token;
      },
      &answers_);
}

Result<EpochTree> TaskRun::read_tree(int64_t from, int64_t end, const EpochChain* last) {
  EpochTree tree;
  const auto visit = [&](EpochRecord&& record, int64_t) -> Result<bool> {
    tree.add(record);
    if (last == nullptr) return true;
    const EpochChain after = record.after();
    // With transactions nothing comes twice.
    return after != *last && (after.epoch < last->epoch || record.attempt != 0);
  };
  if (from < end) BRAID_TRY(read_epochs(from, visit, nullptr, end));
  return tree;
}

Result<EpochChain> TaskRun::where_to_go_on(const EpochChain& token) {
  const BrokerResult<OffsetRange> range = epochs_range();
  if (!range.ok()) return Error(range.error());
  if (last_.epoch < token.epoch) {
    // Mostly it is a little behind.
    BRAID_ASSIGN(const EpochTree rest, read_tree(std::max(epochs_from_, range->begin), range->end, &token));
    if (rest.path_to(token).has(last_)) return token;
  }
  BRAID_ASSIGN(const EpochTree tree, read_tree(range->begin, range->end));
  const bool may_come = range->begin == 0 && !tree.knows(token);  // its record
  const EpochPath path = tree.path_to(token);
  if (may_come || path.has(last_)) return token;
  if (tree.path_to(last_).has(token)) return last_;
  // Somebody else has gone on from an older token, and has come further. If nobody can follow there, what is stored
  // will do: its results are written.
  BRAID_ASSIGN(const std::vector<EpochChain> snapshots, stored_snapshots());
  const bool is_of_task = tree.knows(last_) || std::ranges::count(snapshots, last_) > 0;
  if (!can_begin_on(path, snapshots)) return is_of_task ? last_ : token;
  // Where there are snapshots, the record of what is stored may be cut off.
  begins_anew_ = is_of_task || place_.snapshots != nullptr;
  return off_chain();
}

Result<std::vector<EpochChain>> TaskRun::stored_snapshots() {
  std::vector<EpochChain> chains;
  if (place_.snapshots == nullptr) return chains;
  BRAID_ASSIGN(const std::vector<std::string> names, place_.snapshots->list(owner().manifests()));
  for (const std::string& text : names)
    if (const std::optional<ManifestName> name = ManifestName::parse(text)) chains.push_back(name->chain);
  return chains;
}

bool TaskRun::can_begin_on(const EpochPath& path, std::span<const EpochChain> snapshots) {
  return path.has({}) || std::ranges::any_of(snapshots, [&](const EpochChain& snapshot) { return path.has(snapshot); });
}

Status TaskRun::run_again(const EpochRecord& epoch, int64_t offset) {
  auto differs = [&](std::string reason) {
    return input_error(diag::ReplayDiffers{
        .task = place_.number, .epoch = static_cast<int64_t>(epoch.after().epoch), .reason = std::move(reason)}
                           .make());
  };
  if (epoch.program != program_.id && place_.erases)
    return store_error(diag::ErasureScriptChanged{.epoch = static_cast<int64_t>(epoch.after().epoch)}.make());
  if (epoch.program != program_.id) return differs("another version of the script has made it");
  const std::optional<std::string> answers = answers_.join(epoch);
  if (!answers) return differs("what services answered in it is not there");
  if (Status again = turns_.replay(epoch, *answers); !again.ok())
    return again.error().code == diag::ReplayDiffers::kCode ? differs(again.error().message) : again.error();
  record_ = turns_.end_epoch(last_);
  record_.attempt = epoch.attempt;
  record_.answers = epoch.answers;
  outputs_.collect(record_.outputs);
  if (place_.tap != nullptr) BRAID_TRY(place_.tap->end_epoch(record_, epoch));
  if (record_.tables != epoch.tables) return differs("reference data is not what it was");
  if (record_.input_digest != epoch.input_digest) return differs("its inputs have other records now");
  const uint64_t number = epoch.after().epoch;
  if (number < erased_epoch_) {
    // It had the subjects when it was run first.
    for (const EpochOutput& output : record_.outputs)
      made_outputs_ = hash_mix(hash_mix(hash_mix(made_outputs_, key_hash(output.name)), output.rows), output.digest);
    record_ = epoch;
  } else if (number == erased_epoch_ && made_outputs_ != erased_outputs_) {
    return differs("what was written before it gives other rows without the erased subjects, which is a bug of Braid");
  }
  if (record_.after() != epoch.after()) return differs("it gives other rows, which is a bug of Braid");
  last_ = record_.after();
  epochs_from_ = offset + 1;
  // Turns that are run again fill the memory like others.
  return full() ? keep_to_budget() : Status();
}

Diagnostic TaskRun::waiting_for() const {
  return diag::WaitsForEpochs{
      .task = place_.number, .topic = place_.epochs.topic, .epoch = static_cast<int64_t>(committed_epoch_)}
      .make();
}

Error TaskRun::off_chain() const {
  return store_error(
      diag::TaskOffChain{.task = place_.number, .group = options_.group, .epoch = static_cast<int64_t>(last_.epoch)}
          .make());
}

Error TaskRun::gone() const {
  return store_error(diag::EpochsGone{.task = place_.number,
                                      .state = static_cast<int64_t>(last_.epoch),
                                      .topic = place_.epochs.topic,
                                      .needed = static_cast<int64_t>(last_.epoch + 1)}
                         .make());
}

Status TaskRun::read_epochs(int64_t from, const VisitEpoch& visit, AnswerPieces* answers, int64_t end) {
  if (const BrokerStatus begun = seams_.reader->start(place_.epochs, from); !begun.ok()) return Error(begun.error());
  int64_t began = seams_.clock.steady_us();
  while (true) {
    auto fetched = seams_.reader->fetch(place_.epochs, 64);
    if (!fetched.ok() && fetched.error().fault == BrokerFault::lost) {
      // An owner of before may have cut the topic meanwhile: what is left has what is needed, or a snapshot has.
      const BrokerResult<OffsetRange> range = epochs_range();
      waits_ |= range.ok() && range->begin > from;
      if (waits_ || !range.ok()) return Error(fetched.error());
      // This broker has not heard of the topic yet.
      if (const BrokerStatus again = seams_.reader->start(place_.epochs, from); !again.ok())
        return Error(again.error());
    } else if (!fetched.ok() && fetched.error().fault != BrokerFault::retry) {
      return Error(fetched.error());
    }
    if (fetched.ok() && fetched->batch == nullptr && fetched->end && *fetched->end >= end) {
      // Marks of transactions come last.
      (void)seams_.reader->stop(place_.epochs);
      return {};
    }
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
      from = record.offset + 1;
      const std::string_view value = record.value.value_or("");
      bool more = from < end;
      if (is_answer_record(value)) {
        if (answers != nullptr) answers->take(value);
      } else {
        BRAID_ASSIGN(EpochRecord epoch, EpochRecord::decode(value));
        BRAID_ASSIGN(const bool wanted, visit(std::move(epoch), record.offset));
        more &= wanted;
        began = seams_.clock.steady_us();
      }
      if (more) continue;
      (void)seams_.reader->stop(place_.epochs);
      return {};
    }
  }
}

Status TaskRun::fetch_store(const EpochChain& token) {
  if (place_.snapshots == nullptr || token.epoch == 0) return {};
  BRAID_ASSIGN(const FileInfo here, seams_.fs.stat(join_path(options_.directory, "state")));
  if (here.exists) return {};
  const BrokerResult<OffsetRange> range = epochs_range();
  if (!range.ok()) return Error(range.error());
  // Without transactions a record is there before an offset tells of it.
  const bool may_branch = place_.offsets_may_go_back;
  BRAID_ASSIGN(const EpochTree tree, read_tree(range->begin, may_branch ? range->end : INT64_MAX, &token));
  const EpochPath path = tree.path_to(token);
  const EpochTree::Erasure* const erasure = tree.last_erasure(path);
  // Where the way to the token is cut off, any snapshot will do: results up to it are written.
  bool takes_any = false;
  if (may_branch && range->begin > 0) {
    BRAID_ASSIGN(const std::vector<EpochChain> snapshots, stored_snapshots());
    takes_any = !can_begin_on(path, snapshots);
  }
  const FetchRequest request{.owner = owner(),
                             .newest_epoch = takes_any ? UINT64_MAX : token.epoch,
                             .fits =
                                 [&](const SnapshotManifest& manifest) {
                                   // Those of before an erasure have rows of its subjects.
                                   if (erasure != nullptr && manifest.chain.epoch < erasure->at.epoch) return false;
                                   return (takes_any || path.has(manifest.chain)) && manifest.program == program_.id;
                                 },
                             .directory = options_.directory};
  const std::atomic<bool> stop = false;
  BRAID_ASSIGN(FetchResult fetched, fetch_snapshot(*place_.snapshots, seams_.fs, request, stop));
  warnings_.insert(warnings_.end(), fetched.warnings.begin(), fetched.warnings.end());
  if (fetched.snapshot && uploader_) uploader_->continue_from(fetched.snapshot->name);
  return {};
}

SnapshotOwner TaskRun::owner() const {
  return {.job = options_.group, .task = std::to_string(place_.number)};
}

BrokerResult<OffsetRange> TaskRun::epochs_range() {
  const BrokerResult<OffsetRange> range = seams_.broker->offsets(place_.epochs, kPatience);
  // The member serves its group, and shows that it waits, before the next attempt.
  waits_ = !range.ok() && range.error().fault == BrokerFault::retry;
  return range;
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
  if (in_flight_ && in_flight_->is_written()) BRAID_TRY(wait_for_checkpoint());
  BRAID_TRY(turns_.look());
  JobInputs::Partition* partition = turns_.choose();
  if (partition == nullptr) {
    // Behind the last commit of a busy time: what it did is not to be run again after a crash.
    const bool is_due = seams_.clock.steady_us() - stored_at_ >= place_.checkpoint_every_us;
    if (is_due && !is_committing_ && stored_ != last_ && turns_.since_commit() == 0) BRAID_TRY(keep_to_budget());
    if (in_flight_) in_flight_->go_on();
    return in_flight_ && !in_flight_->is_copied();
  }
  BRAID_ASSIGN(const bool ran, turns_.run(*partition));
  if (in_flight_) in_flight_->go_on();
  return ran;
}

bool TaskRun::full() const {
  const StateSize state = turns_.engine().state_size();
  return turns_.is_over_budget(state) || turns_.has_much_to_commit(state) ||
         turns_.since_commit() >= options_.commit_every_turns || turns_.answers_bytes() > kMostAnswers;
}

Result<bool> TaskRun::end_epoch(std::vector<OffsetToCommit>& offsets, ExchangeTimes& times) {
  if (turns_.since_commit() == 0) return false;
  const bool is_due = checkpoint_is_due();
  if (is_due) note_epochs_end();
  record_ = turns_.end_epoch(last_);
  record_.attempt = transaction_.next_attempt();
  outputs_.collect(record_.outputs);
  const EpochChain chain = record_.after();
  outputs_.end_epoch(chain.epoch, turns_.engine(), times);
  for (const std::string& piece : answer_records(record_, turns_.take_answers(), topics_.longest_record()))
    write_to_epochs(piece);
  write_to_epochs(record_.encode());
  turns_.engine().freeze_published();
  add_offsets(chain, offsets);
  offsets_at_ = seams_.clock.steady_us();
  is_committing_ = true;
  if (is_asked_) committing_ = report().products;
  // Behind the commit would be too late: the next turns have changed the state by then.
  if (is_due) BRAID_TRY(freeze(FrozenEpoch::Counts::not_known));
  return true;
}

void TaskRun::write_to_epochs(std::string_view value) {
  transaction_.write({.place = place_.epochs,
                      .key = std::nullopt,
                      .value = value,
                      .headers = {},
                      .timestamp_ms = seams_.clock.now_us() / 1000});
}

void TaskRun::repeat_offsets(std::vector<OffsetToCommit>& offsets) {
  BRAID_CHECK(turns_.since_commit() == 0, "offsets of what is not committed");
  offsets_at_ = seams_.clock.steady_us();
  if (last_.epoch > 0) add_offsets(last_, offsets);
}

void TaskRun::add_offsets(const EpochChain& chain, std::vector<OffsetToCommit>& offsets) const {
  std::string volumes = stated_volumes_;
  if (volumes.empty() && !volume_promises_.empty())
    volumes = volumes_text(turns_.engine().volume_counts(TurnEngine::VolumeRows::frozen), volume_promises_);
  const std::string token = token_text(chain, heard(), volumes);
  bool reads_any = false;
  for (const JobInputs::Partition& partition : turns_.inputs().partitions())
    if (reads_topic(partition)) {
      offsets.push_back({place_of(partition.name), partition.position.position, token});
      reads_any = true;
    }
  // One that reads files alone has no offsets that could carry it.
  if (!reads_any) offsets.push_back({place_.epochs, epochs_from_, token});
}

uint64_t TaskRun::heard() const {
  std::vector<uint64_t> epochs;
  for (size_t source = 0; source < program_.sources.size(); ++source)
    for (const uint64_t epoch : turns_.engine().front_epochs(static_cast<int>(source))) epochs.push_back(epoch);
  return heard_of(epochs);
}

std::vector<BrokerGroup::Committed> TaskRun::exchange_positions() const {
  std::vector<BrokerGroup::Committed> positions;
  for (const JobInputs::Partition& partition : turns_.inputs().partitions())
    if (program_.sources[partition.source].is_exchange())
      positions.push_back({place_of(partition.name), partition.position.position, {}});
  return positions;
}

Status TaskRun::committed() {
  last_ = record_.after();
  is_committing_ = false;
  ++commits_;
  if (!committing_.empty()) {
    shown_ = std::exchange(committing_, {});
    is_asked_ = false;
  }
  turns_.engine().show_published(seams_.clock.now_us());
  if (in_flight_ == nullptr || !in_flight_->is_held()) return {};
  in_flight_->release();
  note_stored();
  return turns_.since_commit() == 0 ? evict() : Status();
}

bool TaskRun::checkpoint_is_due() const {
  return full() || seams_.clock.steady_us() - stored_at_ >= place_.checkpoint_every_us;
}

void TaskRun::note_epochs_end() {
  // Behind the commit would be too late: if this member was stopped there for a while, others have gone on since.
  // Without an answer more is kept than is needed.
  if (const BrokerResult<OffsetRange> range = seams_.broker->offsets(place_.epochs, kShortly); range.ok())
    epochs_from_ = range->end;
}

Status TaskRun::keep_to_budget() {
  BRAID_TRY(checkpoint());
  return evict();
}

Status TaskRun::evict() {
  if (!turns_.is_over_budget(turns_.engine().state_size())) return {};
  BRAID_TRY(wait_for_checkpoint());
  return turns_.evict();
}

Status TaskRun::checkpoint() {
  BRAID_TRY(wait_for_checkpoint());
  if (stored_ == last_) return {};
  BRAID_CHECK(!is_committing_ && turns_.since_commit() == 0, "a checkpoint of what is not committed");
  BRAID_TRY(freeze(FrozenEpoch::Counts::yes));
  note_stored();
  return {};
}

Status TaskRun::freeze(FrozenEpoch::Counts counts) {
  BRAID_TRY(wait_for_checkpoint());
  StateBatch batch;
  put_epoch(batch, record_);
  WireWriter from;
  from.fixed(epochs_from_);
  batch.put(StateFamily::meta, std::string(kEpochsFrom), from.take());
  if (!passed_.subjects.empty()) batch.put(StateFamily::meta, std::string(kErasures), passed_.to_text());
  const FrozenEpoch::Pieces pieces{
      .bytes = options_.copy_bytes, .frozen = turns_.engine().state_size().dirty, .turns = options_.commit_every_turns};
  BRAID_TRY(turns_.freeze(batch));
  frozen_needs_ = {epochs_from_, exchange_positions()};
  in_flight_ = std::make_unique<FrozenEpoch>(
      turns_.engine(), seams_.executor, pieces, std::move(batch),
      [this](StateBatch& epoch) { return store_.state().commit(epoch); }, counts);
  return {};
}

void TaskRun::note_stored() {
  stored_ = record_.after();
  stored_needs_ = std::move(frozen_needs_);
  stored_at_ = seams_.clock.steady_us();
}

Status TaskRun::wait_for_checkpoint() {
  if (!in_flight_) return {};
  const Status result = in_flight_->wait();
  in_flight_.reset();
  BRAID_TRY(result);
  turns_.engine().committed();
  return store_snapshot();
}

Status TaskRun::store_snapshot() {
  if (uploader_ == nullptr) return {};
  if (uploader_->busy()) {
    const std::optional<UploadResult> done = uploader_->poll();
    if (!done) return {};
    for (const Diagnostic& warning : done->warnings) note(warning);
    if (done->outcome == UploadResult::Outcome::failed)
      note({.code = done->error->code, .message = done->error->message});
    if (done->outcome == UploadResult::Outcome::stored) {
      snapshot_needs_.push_back(std::move(uploading_needs_));
      if (snapshot_needs_.size() > 2) snapshot_needs_.pop_front();
      if (snapshot_needs_.size() == 2) cut_topics();
    }
  }
  const int64_t now = seams_.clock.steady_us();
  if (now - snapshot_at_ < place_.snapshot_every_us) return {};
  snapshot_at_ = now;
  uploading_needs_ = stored_needs_;
  const std::string identity[] = {"identity"};
  Result<FrozenTask> frozen =
      freeze_task(seams_.fs, store_.state(), options_.directory, identity, options_.directory + ".snapshot");
  // Without snapshots the job is as right as with them.
  if (!frozen.ok())
    note(diag::SnapshotsNotWritable{.place = place_.snapshots->place(), .reason = frozen.error().message}.make());
  else
    uploader_->begin(std::move(*frozen), stored_, program_.id);
  return {};
}

void TaskRun::cut_topics() {
  const Needed& needed = snapshot_needs_.front();
  // An older state is found out by the records of epochs alone, so those of other stages go only behind them.
  if (!seams_.broker->delete_records_before(place_.epochs, needed.epochs_from, kPatience).ok()) return;
  for (const BrokerGroup::Committed& each : needed.exchanges)
    (void)seams_.broker->delete_records_before(each.place, *each.offset, kPatience);
}

void TaskRun::note(Diagnostic warning) {
  warning.severity = Severity::warning;
  // Each attempt fails in the same way.
  const bool known =
      std::ranges::any_of(warnings_, [&](const Diagnostic& each) { return each.message == warning.message; });
  if (!known) warnings_.push_back(std::move(warning));
}

Status TaskRun::close() {
  BRAID_CHECK(!is_committing_ && turns_.since_commit() == 0, "a task is given up with work that is not committed");
  if (uploader_ && uploader_->busy()) uploader_->cancel();
  BRAID_TRY(checkpoint());
  BRAID_TRY(wait_for_checkpoint());
  BRAID_TRY(store_.wait_for_proof());
  return store_.keep_identity(true);
}

void TaskRun::add_to_status(JobStatus& status) {
  const JobReport own = report();
  add_to_report(own, status.report);
  // What is told of rows outside must not be taken back by an abort.
  if (!is_committing_ && turns_.since_commit() == 0) shown_ = own.products;
  is_asked_ = true;
  status.tasks.push_back({place_.number, shown_, rows_before_});
  status.epoch = std::max(status.epoch, last_.epoch);
  for (JobStatus::Partition& each : partitions_of(program_, turns_.engine(), turns_.inputs()))
    status.partitions.push_back(std::move(each));
  add_to_figures(store_.state().figures(), status.store);
}

void TaskRun::add_to_work(MemberWork& work) {
  work.turns += turns_.turns() - std::exchange(shown_turns_, turns_.turns());
  outputs_.add_to_work(work);
  const auto& partitions = turns_.inputs().partitions();
  shown_reads_.resize(partitions.size());
  for (size_t i = 0; i < partitions.size(); ++i) {
    const JobInputs::Partition& partition = partitions[i];
    const SourceSpec& source = program_.sources[static_cast<size_t>(partition.source)];
    auto& [records, bytes] = shown_reads_[i];
    if (source.is_static() || partition.records == records) continue;
    work.read.push_back({source.name, partition.name, partition.records - std::exchange(records, partition.records),
                         partition.bytes - std::exchange(bytes, partition.bytes)});
  }
}

JobReport TaskRun::report() const {
  JobReport report = report_of(program_, turns_.engine());
  report.turns = turns_.turns();
  report.epochs = commits_;
  report.started_empty = store_.started_empty();
  for (const auto* warnings : {&warnings_, &store_.warnings(), &turns_.warnings(), &turns_.inputs().warnings()})
    report.warnings.insert(report.warnings.end(), warnings->begin(), warnings->end());
  return report;
}

}  // namespace braid
