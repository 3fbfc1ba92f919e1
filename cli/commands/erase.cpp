// `braid erase`: subjects are erased from a job that is stopped, and a signed receipt says so.
#include <algorithm>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/commands/read_store.h"
#include "cli/commands/topic_erasure.h"
#include "cli/present/table.h"
#include "cli/session/expected_schemas.h"
#include "cli/session/mesh_registry.h"
#include "cli/session/native.h"
#include "cli/session/subject_search.h"
#include "compiler/plan/provenance.h"
#include "mesh/audit/audit_log.h"
#include "mesh/erasure/receipt.h"
#include "mesh/lineage/graph.h"
#include "mesh/registry/content_hash.h"
#include "mesh/registry/registry.h"
#include "runtime/base/executor.h"
#include "runtime/base/machine_memory.h"
#include "runtime/data/time_text.h"
#include "runtime/engine/erase.h"
#include "runtime/engine/job_store.h"
#include "runtime/erasure/erasure_log.h"
#include "runtime/erasure/joined_keys.h"
#include "runtime/report/erasure_findings.h"
#include "runtime/report/registry_findings.h"
#include "runtime/state/rocks_store.h"

namespace braid::cli {
namespace {

struct EraseFlags {
  ScriptOptions script;
  std::string store, because, verify;
  std::vector<std::string> subject;
  std::string until;
  bool dry_run = false, follow = false, for_reset = false, joined = false;
};

/// As the command line names it.
struct NamedSubject {
  std::string source;
  SubjectKey key;
  std::vector<std::string> texts;  ///< of the values, as they were written
};

Error usage_error(const Diagnostic& finding) {
  return {ErrorKind::usage, finding.message, finding.code, 0};
}

Error key_error(const std::string& source, std::string reason) {
  return usage_error(diag::SubjectKeyWrong{.source = source, .reason = std::move(reason)}.make());
}

/// `shop.customer id=42 shop.payment customer_id=42`.
Result<std::vector<NamedSubject>> named_subjects(const std::vector<std::string>& words, const Program& program) {
  std::vector<NamedSubject> subjects;
  for (const std::string& word : words) {
    const size_t mark = word.find('=');
    if (mark == std::string::npos) {
      const auto source = std::ranges::find(program.sources, word, &SourceSpec::name);
      if (source == program.sources.end()) return usage_error(diag::SubjectUnknown{.source = word}.make());
      subjects.push_back({.source = word, .key = {}, .texts = {}});
      continue;
    }
    if (subjects.empty()) return key_error(word, "a stream or table comes first, then its key");
    NamedSubject& subject = subjects.back();
    const std::string field = word.substr(0, mark), value = word.substr(mark + 1);
    const auto source = std::ranges::find(program.sources, subject.source, &SourceSpec::name);
    const auto read = std::ranges::find(source->decode, field, &SourceRead::name);
    if (read == source->decode.end())
      return usage_error(diag::ErasedFieldUnread{.field = field, .source = subject.source}.make());
    const Result<std::string> json = key_value(without_optional(read->type), value);
    if (!json.ok()) return key_error(subject.source, fmt::format("`{}`: {}", field, json.error().message));
    if (std::ranges::any_of(subject.key, [&](const auto& known) { return known.first == field; }))
      return key_error(subject.source, fmt::format("`{}` is there twice", field));
    subject.key.emplace_back(field, *json);
    subject.texts.push_back(value);
  }
  for (NamedSubject& subject : subjects) {
    if (subject.key.empty()) return key_error(subject.source, "it has no key; write `field=value` behind it");
    std::ranges::sort(subject.key);
  }
  return subjects;
}

/// With the subjects that are named by the same values in other sources, because all fields of their keys meet in a
/// join; and those of these.
void follow_joins(const Program& program, std::vector<NamedSubject>& subjects) {
  const std::vector<JoinedKeys> joins = joined_keys(program);
  const auto follow = [&](const NamedSubject& subject, const std::vector<SourceField>& from,
                          const std::vector<SourceField>& to) -> std::optional<NamedSubject> {
    NamedSubject other{.source = {}, .key = {}, .texts = subject.texts};
    for (const auto& [field, value] : subject.key) {
      const auto met = std::ranges::find(from, SourceField{subject.source, field});
      if (met == from.end()) return std::nullopt;
      const SourceField& its = to[static_cast<size_t>(met - from.begin())];
      if (!other.source.empty() && other.source != its.source) return std::nullopt;
      other.source = its.source;
      const auto source = std::ranges::find(program.sources, its.source, &SourceSpec::name);
      if (std::ranges::find(source->decode, its.field, &SourceRead::name) == source->decode.end()) return std::nullopt;
      other.key.emplace_back(its.field, value);
    }
    std::ranges::sort(other.key);
    return other;
  };
  for (size_t i = 0; i < subjects.size(); ++i)
    for (const JoinedKeys& join : joins)
      for (const bool forth : {true, false}) {
        const std::optional<NamedSubject> found =
            follow(subjects[i], forth ? join.one : join.other, forth ? join.other : join.one);
        const auto same = [&](const NamedSubject& each) {
          return each.source == found->source && each.key == found->key;
        };
        if (found && std::ranges::none_of(subjects, same)) subjects.push_back(*found);
      }
}

/// Fields that meet a field of a subject in a join, and are of a source that was not named: it is for people to say
/// whether these are the subject's, too.
std::vector<std::string> met_in_joins(const typed::Project& project, const std::vector<NamedSubject>& subjects) {
  const mesh::Graph graph(project);
  std::set<std::string> met;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    if (project.relations[id].kind != typed::RelationKind::product) continue;
    const auto decides = graph.composed_rows({static_cast<typed::RelationId>(id), ""}, mesh::Until::sources);
    std::set<mesh::Origin> joined;
    for (const auto& [origin, influence] : decides)
      if (influence == mesh::Influence::join && origin.path != std::vector<int>{lineage::kEventTime} &&
          graph.is_source(origin.relation))
        joined.insert(origin);
    for (const NamedSubject& subject : subjects) {
      const auto key = std::ranges::find_if(joined, [&](const mesh::Origin& origin) {
        return project.relations[static_cast<size_t>(origin.relation)].qualified() == subject.source &&
               std::ranges::any_of(subject.key,
                                   [&](const auto& each) { return each.first == graph.field_name(origin); });
      });
      if (key == joined.end()) continue;
      for (const mesh::Origin& origin : joined) {
        const std::string source = project.relations[static_cast<size_t>(origin.relation)].qualified();
        const Type mine = graph.type(*key), other = graph.type(origin);
        if (mine == nullptr || other == nullptr || !same(without_optional(mine), without_optional(other))) continue;
        if (std::ranges::none_of(subjects, [&](const NamedSubject& each) { return each.source == source; }))
          met.insert(graph.name(origin));
      }
    }
  }
  return {met.begin(), met.end()};
}

std::string_view word_of(ErasedPlace::Kind kind) {
  return kind == ErasedPlace::Kind::source ? "source" : kind == ErasedPlace::Kind::state ? "state" : "output";
}

std::string done_to(const ErasedPlace& place) {
  if (place.kind == ErasedPlace::Kind::source) return "passed over from now on";
  if (place.kind == ErasedPlace::Kind::output && place.after == 0 && place.before > 0 && place.changed)
    return "made again without the subject, empty now";
  return place.changed || place.kind == ErasedPlace::Kind::state ? "made again without the subject"
                                                                 : "made again, unchanged";
}

/// All that one use of the command works with.
class Erasing {
 public:
  Erasing(const EraseFlags& flags, CommandContext& context)
      : flags_(flags), context_(context), session_(flags.script.session()), executor_(1) {}

  void run() {
    if (!session_.check()) {
      context_.exit_code = show(session_, context_.console);
      return;
    }
    session_.keep_whole_rows(false, flags_.store.empty() ? session_.environment().store : flags_.store);
    compiled_.emplace(session_.compile(session_.chosen_products()));
    const bool bound = session_.bind(program());
    topics_ = topics_of(session_, program());
    context_.exit_code = show_errors(session_, context_.console);
    if (!bound || context_.exit_code != kDone) return;
    if (const Status done = flags_.verify.empty() ? erase() : verify(); !done.ok())
      context_.exit_code = session_.reporter().has_errors() ? show_errors(session_, context_.console)
                                                            : show_error(done.error(), context_.console);
  }

 private:
  Program& program() { return compiled_->program(); }

  JobOptions options() {
    constexpr int64_t kUnknown = int64_t{512} << 20;
    const std::optional<int64_t> machine = machine_memory(real_fs());
    memory_ = static_cast<uint64_t>(machine ? std::max(*machine / 2, int64_t{64} << 20) : kUnknown);
    JobOptions options{.project = session_.files().name,
                       .directory = flags_.store.empty() ? session_.environment().store : flags_.store,
                       .root = session_.files().root.empty() ? "." : session_.files().root};
    options.outputs = session_.output_files();
    options.until_caught_up = !flags_.until.empty();
    options.follow = !options.until_caught_up && (flags_.follow || topics_.any());
    options.seal = !topics_.any();
    if (topics_.any()) options.group = topics_.settings.group;
    options.parts = plan::state_parts(compiled_->checked, session_.project());
    options.state_memory = memory_ / 16 * 9;
    options.stop_requested = stop_requested;
    options.kill_point = kill_point_of_environment();
    return options;
  }

  /// Brokers and the registry of schemas, where the job has some.
  Status reach(JobSeams& seams) {
    if (!topics_.any()) return {};
    BRAID_ASSIGN(broker_, reach_broker(topics_.settings, program(), topics_.outputs));
    seams.broker = broker_.get();
    if (!topics_.registry) return {};
    BRAID_ASSIGN(registry_, reach_registry(session_, program(), topics_));
    return {};
  }

  Status erase() {
    catch_stop_signals();
    const JobOptions options = this->options();
    JobSeams seams{real_fs(), system_clock(), executor_, [this](const std::string& directory) {
                     return open_sized_rocks_store(directory, {.memory_bytes = memory_ / 8});
                   }};
    BRAID_ASSIGN(subjects_, named_subjects(flags_.subject, program()));
    if (flags_.joined) {
      const size_t named = subjects_.size();
      follow_joins(program(), subjects_);
      for (size_t i = named; i < subjects_.size(); ++i) {
        std::vector<std::string_view> fields;
        for (const auto& [field, value] : subjects_[i].key) fields.push_back(field);
        fmt::print("{}: by {}, which meets the key in a join\n", subjects_[i].source, fmt::join(fields, ", "));
      }
    }
    std::optional<mesh::DomainKey> key;
    if (!flags_.dry_run) key = read_domain_key(session_.files(), session_.reporter());
    if (!flags_.dry_run && !key) return Error{ErrorKind::usage, "", 0, 0};
    BRAID_TRY(reach(seams));
    if (!topics_.outputs.empty()) return erase_from_topics(options, seams, key);
    if (flags_.for_reset) {
      const std::string reason = "`--for-reset` is for jobs that write topics; of others the request is noted anyway";
      return usage_error(diag::ErasureNotPossible{.path = options.directory, .reason = reason}.make());
    }
    BRAID_ASSIGN(const std::unique_ptr<FileLock> lock, lock_store(real_fs(), options.directory));
    BRAID_ASSIGN(ErasureLog log, ErasureLog::read(real_fs(), options.directory));
    BRAID_ASSIGN(const std::optional<Erasure> ready, ready_erasure(real_fs(), options.directory));
    if (ready && flags_.dry_run) return check_no_erasure(real_fs(), options.directory);
    if (ready) {
      fmt::print("an erasure had begun before; it is finished first\n");
      BRAID_TRY(complete(*ready, options, seams, log, *key));
    }
    BRAID_ASSIGN(store_, store_of_request(real_fs(), options.directory));
    const bool all_done = ask_for_subjects(log, ready.has_value());
    if (all_done) return {};
    if (!flags_.dry_run) {
      BRAID_TRY(log.write(real_fs(), options.directory));
      if (options.kill_point) options.kill_point("after_erasure_request");
      BRAID_TRY(record(mesh::AuditType::erasure_requested, log, {}, *key));
    }
    BackgroundCompiler native(*compiled_);
    const Result<Erasure> erasure = prepare(options, seams, log, native);
    if (!erasure.ok()) return finish_new_run(options, seams, log, key, erasure.error());
    if (flags_.dry_run) {
      print(*erasure);
      fmt::print("nothing was changed\n");
    } else {
      BRAID_TRY(complete(*erasure, options, seams, log, *key));
    }
    leave_if_compiling(native.started() && !native.finished(), context_.exit_code);
    return {};
  }

  Result<Erasure> prepare(const JobOptions& options, const JobSeams& seams, ErasureLog& log,
                          BackgroundCompiler& native) {
    if (!program().services.empty()) {
      const std::string reason = "it asks services, and what they answered is not kept";
      return usage_error(diag::ErasureNotPossible{.path = options.directory, .reason = reason}.make());
    }
    native.start();
    return prepare_erasure(program(), options, seams, log, sought(), flags_.dry_run);
  }

  /// Of a job that cannot be run again, as `reason` says: if it was started over since the subject was noted, it has
  /// nothing of it.
  Status finish_new_run(const JobOptions& options, const JobSeams& seams, ErasureLog& log,
                        const std::optional<mesh::DomainKey>& key, const Error& reason) {
    constexpr int kReasons[] = {diag::ErasureNotPossible::kCode, diag::ErasureDiffers::kCode,
                                diag::ErasureScriptChanged::kCode};
    if (std::ranges::find(kReasons, reason.code) == std::end(kReasons)) return reason;
    BRAID_ASSIGN(const std::optional<Erasure> erasure, erased_by_new_run(options, seams, log));
    if (!erasure) return reason;
    fmt::print("the job was started over without the subject\n");
    if (flags_.dry_run) {
      print(*erasure);
      fmt::print("nothing was changed\n");
      return {};
    }
    BRAID_ASSIGN(mesh::ErasureReceipt receipt, receipt_of(*erasure, options, log));
    for (mesh::ErasureReceipt::Place& place : receipt.places)
      if (place.kind == word_of(ErasedPlace::Kind::output)) place.done = "made by a run without the subject";
    for (const mesh::ErasureReceipt::Subject& subject : receipt.subjects)
      if (const auto source = std::ranges::find(program().sources, subject.source, &SourceSpec::name);
          source != program().sources.end())
        receipt.remains.push_back(
            {source->binding.address, "Braid does not own what it reads; the records are passed over from now on"});
    BRAID_ASSIGN(const std::string text, write_receipt(receipt, *erasure, options, *key));
    BRAID_TRY(record(mesh::AuditType::erasure_completed, log, mesh::content_hash(text), *key));
    for (ErasedSubject& subject : log.subjects)
      if (std::ranges::find(erasure->subjects, subject.hash) != erasure->subjects.end()) subject.done = true;
    BRAID_TRY(log.write(real_fs(), options.directory));
    print(*erasure);
    show_receipt(receipt, *erasure, options);
    return {};
  }

  /// Of a job that writes topics, as the only member of its group. The request is noted with what it did, or not at
  /// all.
  Status erase_from_topics(const JobOptions& options, const JobSeams& seams,
                           const std::optional<mesh::DomainKey>& key) {
    TopicEraser eraser(program(), options, topics_, seams, *broker_);
    BRAID_ASSIGN(ErasureLog log, eraser.read_log());
    BRAID_ASSIGN(std::optional<StartedOver> started, eraser.read_started_over());
    std::vector<std::string> hashes;
    for (const NamedSubject& each : subjects_) hashes.push_back(log.hash_of(each.source, each.key));
    const bool is_new_run = !flags_.for_reset && started && std::ranges::all_of(hashes, [&](const std::string& hash) {
      return std::ranges::find(started->subjects, hash) != started->subjects.end();
    });
    // Others that were noted are asked for by their own commands, which know their keys.
    if (is_new_run) started->subjects = hashes;
    if (!is_new_run) (void)ask_for_subjects(log, false);
    ErasureLog asked = log;
    if (is_new_run)
      std::erase_if(asked.subjects,
                    [&](const ErasedSubject& each) { return std::ranges::find(hashes, each.hash) == hashes.end(); });
    if (flags_.for_reset) {
      BRAID_TRY(record(mesh::AuditType::erasure_requested, asked, {}, *key));
      BRAID_TRY(eraser.note_for_reset(log));
      fmt::print("noted: `braid run --reset` passes over the records of the subject; until then nothing has changed\n");
      fmt::print("when that run has caught up, give this command without `--for-reset`\n");
      return {};
    }
    if (!flags_.dry_run) BRAID_TRY(record(mesh::AuditType::erasure_requested, asked, {}, *key));
    BackgroundCompiler native(*compiled_);
    if (registry_ && !is_new_run) native.expect(expected_schemas(*registry_, program()));
    if (!is_new_run) native.start();
    BRAID_ASSIGN(TopicErasure erased, is_new_run ? eraser.finish(*started, log, sought(), flags_.dry_run)
                                                 : eraser.erase(log, sought(), flags_.dry_run));
    erased.erasure.store_id = topics_.settings.group;
    print(erased.erasure);
    if (flags_.dry_run) {
      fmt::print("nothing was changed\n");
    } else {
      // For `--verify`: the list itself is in the topic.
      BRAID_TRY(log.write(real_fs(), options.directory));
      BRAID_ASSIGN(mesh::ErasureReceipt receipt, receipt_of(erased.erasure, options, log));
      for (mesh::ErasureReceipt::Remain& remain : remains_of(erased, system_clock().now_us()))
        receipt.remains.push_back(std::move(remain));
      for (const ErasedTopic& topic : erased.topics)
        for (mesh::ErasureReceipt::Place& place : receipt.places)
          if (place.kind == "output" && place.name == topic.topic) place.done = done_to_topic(topic);
      BRAID_ASSIGN(const std::string text, write_receipt(receipt, erased.erasure, options, *key));
      BRAID_TRY(record(mesh::AuditType::erasure_completed, asked, mesh::content_hash(text), *key));
      show_receipt(receipt, erased.erasure, options);
    }
    leave_if_compiling(native.started() && !native.finished(), context_.exit_code);
    return {};
  }

  /// Keys that are long enough to be told from other bytes by chance.
  std::vector<SoughtKey> sought() const {
    std::vector<SoughtKey> keys;
    for (const NamedSubject& subject : subjects_)
      if (std::ranges::all_of(subject.texts, [](const auto& text) { return text.size() >= kShortestSought; }))
        keys.push_back({subject.source, subject.texts});
    return keys;
  }

  /// Notes those that are asked for in the log. `finished`: an erasure that had begun was finished just now. True: it
  /// was of all of them.
  bool ask_for_subjects(ErasureLog& log, bool finished) {
    if (log.salt.empty())
      for (int i = 0; i < 2; ++i) log.salt += real_fs().unique_id().value();
    bool all_done = finished;
    for (const NamedSubject& subject : subjects_) {
      const std::string hash = log.hash_of(subject.source, subject.key);
      const auto is_known = [&](bool done) {
        return std::ranges::any_of(log.subjects,
                                   [&](const ErasedSubject& each) { return each.hash == hash && each.done == done; });
      };
      if (finished && is_known(true)) continue;
      all_done = false;
      if (is_known(false)) continue;  // of an attempt that was killed
      // Also beside one that is done: its records have been passed over since then.
      ErasedSubject& asked = log.subjects.emplace_back(ErasedSubject{.source = subject.source,
                                                                     .fields = {},
                                                                     .hash = hash,
                                                                     .time_us = system_clock().now_us(),
                                                                     .because = flags_.because,
                                                                     .store = store_});
      for (const auto& [field, value] : subject.key) asked.fields.push_back(field);
    }
    return all_done;
  }

  /// What is ready takes its place; then the receipt, and the record of it.
  Status complete(const Erasure& erasure, const JobOptions& options, const JobSeams& seams, ErasureLog& log,
                  const mesh::DomainKey& key) {
    BRAID_TRY(apply_erasure(options, seams));
    BRAID_ASSIGN(const mesh::ErasureReceipt receipt, receipt_of(erasure, options, log));
    BRAID_ASSIGN(const std::string text, write_receipt(receipt, erasure, options, key));
    if (options.kill_point) options.kill_point("after_receipt");
    BRAID_TRY(record(mesh::AuditType::erasure_completed, log, mesh::content_hash(text), key));
    for (ErasedSubject& subject : log.subjects)
      if (std::ranges::find(erasure.subjects, subject.hash) != erasure.subjects.end()) subject.done = true;
    BRAID_TRY(log.write(real_fs(), options.directory));
    BRAID_TRY(finish_erasure(options, seams));
    print(erasure);
    show_receipt(receipt, erasure, options);
    return {};
  }

  static std::string receipt_path(const Erasure& erasure, const JobOptions& options) {
    return join_path(join_path(options.directory, "receipts"),
                     fmt::format("{}-{}.json", erasure.time_us,
                                 erasure.subjects.empty() ? "none" : erasure.subjects[0].substr(0, 12)));
  }
  /// Its text.
  static Result<std::string> write_receipt(const mesh::ErasureReceipt& receipt, const Erasure& erasure,
                                           const JobOptions& options, const mesh::DomainKey& key) {
    const std::string path = receipt_path(erasure, options);
    std::string text = mesh::sign_receipt(receipt, key);
    BRAID_TRY(real_fs().make_directories(parent_directory(path)));
    BRAID_TRY(real_fs().write_file(path, text));
    return text;
  }
  static void show_receipt(const mesh::ErasureReceipt& receipt, const Erasure& erasure, const JobOptions& options) {
    for (const mesh::ErasureReceipt::Place& place : receipt.places)
      if (place.kind == "sample") fmt::print("{}: {}\n", place.name, place.done);
    for (const mesh::ErasureReceipt::Remain& remain : receipt.remains)
      fmt::print("remains: {}: {}\n", remain.place, remain.reason);
    fmt::print("receipt {}\n", receipt_path(erasure, options));
  }

  Result<mesh::ErasureReceipt> receipt_of(const Erasure& erasure, const JobOptions& options, const ErasureLog& log) {
    mesh::ErasureReceipt receipt{.project = session_.files().name,
                                 .environment = session_.environment().name,
                                 .store = erasure.store_id,
                                 .completed_us = erasure.time_us};
    for (const ErasedSubject& subject : log.subjects) {
      if (std::ranges::find(erasure.subjects, subject.hash) == erasure.subjects.end()) continue;
      // Of several requests the last one counts.
      std::erase_if(receipt.subjects, [&](const auto& each) { return each.hash == subject.hash; });
      receipt.subjects.push_back({.source = subject.source,
                                  .fields = subject.fields,
                                  .hash = subject.hash,
                                  .requested_us = subject.time_us,
                                  .because = subject.because});
    }
    for (const ErasedPlace& place : erasure.places)
      receipt.places.push_back({.kind = std::string(word_of(place.kind)),
                                .name = place.name,
                                .path = place.path,
                                .rows_before = place.before,
                                .rows_after = place.after,
                                .done = done_to(place)});
    add_remains(erasure, receipt);
    BRAID_ASSIGN(const std::vector<std::string> names, real_fs().list_directory(options.directory));
    for (const std::string& name : names)
      if (name.find(".corrupt") != std::string::npos)
        receipt.remains.push_back(
            {join_path(options.directory, name), "`--reset` moved it aside as damaged; delete it"});
    std::vector<std::string> texts;
    for (const NamedSubject& subject : subjects_)
      if (std::ranges::find(erasure.subjects, log.hash_of(subject.source, subject.key)) != erasure.subjects.end())
        texts.insert(texts.end(), subject.texts.begin(), subject.texts.end());
    BRAID_TRY(erase_samples(texts, receipt));
    receipt.searched =
        !texts.empty() && std::ranges::all_of(texts, [](const auto& text) { return text.size() >= kShortestSought; });
    BRAID_ASSIGN(const std::vector<std::string> found, search(options, erasure, texts));
    for (const std::string& place : found)
      receipt.remains.push_back(
          {without_keys(place, texts),
           "it has the bytes of a key, in rows that are not the subject's by any field that was named"});
    return receipt;
  }

  /// A path can have a key in it, and a receipt has none.
  static std::string without_keys(std::string place, const std::vector<std::string>& texts) {
    constexpr std::string_view kKey = "{key}";
    for (const std::string& text : texts) {
      if (text.size() < kShortestSought) continue;
      for (size_t at = place.find(text); at != std::string::npos; at = place.find(text, at + kKey.size()))
        place.replace(at, text.size(), kKey);
    }
    return place;
  }

  /// Sample rows that were published, and documents with their values: what has the key of the subject goes.
  Status erase_samples(const std::vector<std::string>& texts, mesh::ErasureReceipt& receipt) {
    std::vector<std::string> sought = texts;
    std::erase_if(sought, [](const std::string& text) { return text.size() < kShortestSought; });
    if (sought.empty() || session_.files().mesh.registry.empty()) return {};
    const auto store = open_product_registry(session_.files(), session_.reporter());
    if (store == nullptr) return Error{ErrorKind::usage, "", 0, 0};
    mesh::Registry registry(*store, system_clock());
    std::set<std::string> domains;
    for (const ProductSpec& product : program().products) domains.insert(product.domain);
    for (const std::string& domain : domains) {
      const Result<std::vector<mesh::ErasedDocument>> erased =
          registry.erase_documents(domain, [&](const std::string& document) {
            return std::ranges::any_of(sought, [&](const std::string& text) { return has_as_word(document, text); });
          });
      if (!erased.ok() && erased.error().code == diag::CollectWhereItLies::kCode) {
        receipt.remains.push_back(
            {registry.place(), "samples of `" + domain +
                                   "` have the key, and nothing is removed over HTTP: erase where "
                                   "braid.toml names the place that is served"});
        continue;
      }
      if (!erased.ok()) return erased.error();
      for (const mesh::ErasedDocument& each : *erased)
        receipt.places.push_back({.kind = "sample",
                                  .name = fmt::format("{} {}", each.version_name, each.form),
                                  .path = registry.place(),
                                  .rows_before = 1,
                                  .rows_after = 0,
                                  .done = "removed from the registry; `braid publish` writes it anew"});
    }
    return {};
  }

  void add_remains(const Erasure& erasure, mesh::ErasureReceipt& receipt) {
    for (const ErasedPlace& place : erasure.places) {
      if (place.kind != ErasedPlace::Kind::source) {
        if (place.kind == ErasedPlace::Kind::output && place.changed && place.before > 0)
          receipt.remains.push_back(
              {place.name, "who has read it before keeps what they read, and has to read it again"});
        continue;
      }
      const auto source = std::ranges::find(program().sources, place.name, &SourceSpec::name);
      if (place.before > 0 && source != program().sources.end())
        receipt.remains.push_back(
            {source->binding.address, "Braid does not own what it reads; the records are passed over from now on"});
    }
    for (const std::string& field : met_in_joins(session_.project(), subjects_))
      receipt.remains.push_back({field, "it meets the key in a join, and was not named; its records stay"});
  }

  Result<std::vector<std::string>> search(const JobOptions& options, const Erasure& erasure,
                                          const std::vector<std::string>& texts) {
    if (texts.empty()) return std::vector<std::string>();
    std::vector<std::string> paths;
    for (const ErasedPlace& place : erasure.places)
      if (place.kind == ErasedPlace::Kind::output && !place.path.empty() &&
          !place.path.starts_with(options.directory + "/"))
        paths.push_back(place.path);
    BRAID_ASSIGN(const std::vector<std::string> names, real_fs().list_directory(options.directory));
    // What has been moved away from `erasing` goes with it.
    for (const std::string& name : names)
      if (name != "erasing") paths.push_back(join_path(options.directory, name));
    if (topics_.outputs.empty()) {
      BRAID_ASSIGN(const std::unique_ptr<StateStore> state, open_to_read(join_path(options.directory, "state")));
      return find_texts(real_fs(), paths, state.get(), texts);
    }
    BRAID_ASSIGN(std::vector<std::string> found, find_texts(real_fs(), paths, nullptr, texts));
    const std::string tasks = join_path(options.directory, "tasks");
    BRAID_ASSIGN(const FileInfo any, real_fs().stat(tasks));
    if (!any.exists) return found;
    BRAID_ASSIGN(const std::vector<std::string> stores, real_fs().list_directory(tasks));
    for (const std::string& store : stores) {
      const std::string folder = join_path(join_path(tasks, store), "state");
      BRAID_ASSIGN(const FileInfo there, real_fs().stat(folder));
      if (!there.exists) continue;
      BRAID_ASSIGN(const std::unique_ptr<StateStore> state, open_to_read(folder));
      BRAID_ASSIGN(const std::vector<std::string> in_state, find_texts(real_fs(), {}, state.get(), texts));
      if (!in_state.empty()) found.push_back(folder);
    }
    return found;
  }

  /// In the audit log of the domain of each subject that is not done, once; nothing where the project has no registry.
  Status record(mesh::AuditType type, const ErasureLog& log, const std::string& receipt, const mesh::DomainKey& key) {
    if (session_.files().mesh.registry.empty()) return {};
    const auto registry = open_product_registry(session_.files(), session_.reporter());
    if (registry == nullptr) return Error{ErrorKind::usage, "", 0, 0};
    const std::string& tenant = session_.files().mesh.tenant;
    for (const ErasedSubject& subject : log.subjects) {
      if (subject.done || subject.fields.empty()) continue;
      const std::string domain = subject.source.substr(0, subject.source.rfind('.'));
      mesh::AuditLog audit(*registry, system_clock(), tenant, domain);
      mesh::AuditEvent event{.type = type,
                             .time_us = system_clock().now_us(),
                             .subject = fmt::format("urn:braid:{}:{}", tenant, domain),
                             .data = {{"source", subject.source},
                                      {"fields", fmt::format("{}", fmt::join(subject.fields, ","))},
                                      {"hash", subject.hash},
                                      {"requested", std::to_string(subject.time_us)}}};
      if (!subject.because.empty()) event.data["because"] = subject.because;
      if (!receipt.empty()) event.data["receipt"] = receipt;
      BRAID_ASSIGN(const std::vector<mesh::ChainedEvent> events, audit.read());
      const bool known = std::ranges::any_of(events, [&](const mesh::ChainedEvent& each) {
        return each.event.type == type && each.event.data == event.data;
      });
      if (!known) BRAID_TRY(audit.append({event}, key));
    }
    return {};
  }

  void print(const Erasure& erasure) {
    Table table;
    table.column("place", Table::Align::left);
    table.column("what", Table::Align::left);
    table.column("before", Table::Align::right);
    table.column("after", Table::Align::right);
    for (const ErasedPlace& place : erasure.places) {
      if (place.kind == ErasedPlace::Kind::source) {
        fmt::print("{}: {} of the subject\n", place.name, counted(place.before, "record"));
        continue;
      }
      table.row({{std::string(word_of(place.kind))},
                 {place.name + (place.changed ? "" : " (unchanged)")},
                 {grouped(place.before)},
                 {grouped(place.after)}});
    }
    std::fputs(table.render(0, false).c_str(), stdout);
  }

  /// Of a receipt: whose it is, and, with the key of the subject, whether something of it is found again.
  Status verify() {
    const auto wrong = [&](std::string reason) {
      return usage_error(diag::ReceiptWrong{.path = flags_.verify, .reason = std::move(reason)}.make());
    };
    const JobOptions options = this->options();
    BRAID_ASSIGN(const std::string text, real_fs().read_file(flags_.verify));
    const Result<mesh::ErasureReceipt> receipt = mesh::read_receipt(text);
    if (!receipt.ok()) return wrong(receipt.error().message);
    BRAID_ASSIGN(const bool ours, may_sign(*receipt));
    if (!ours) return wrong("it is signed by a key that this project does not know");
    BRAID_ASSIGN(const std::unique_ptr<FileLock> lock, lock_store(real_fs(), options.directory));
    BRAID_ASSIGN(const ErasureLog log, ErasureLog::read(real_fs(), options.directory));
    for (const mesh::ErasureReceipt::Subject& subject : receipt->subjects)
      if (std::ranges::find(log.subjects, subject.hash, &ErasedSubject::hash) == log.subjects.end())
        return wrong("the store does not pass over the records of its subject");
    const std::string time = timestamp_text(receipt->completed_us);
    fmt::print("the receipt of {} is signed by {}; the store passes over its {}\n", time, receipt->signer,
               counted(static_cast<int64_t>(receipt->subjects.size()), "subject"));
    BRAID_ASSIGN(subjects_, named_subjects(flags_.subject, program()));
    if (flags_.joined) follow_joins(program(), subjects_);
    std::vector<std::string> texts;
    for (const NamedSubject& subject : subjects_) {
      if (std::ranges::find(receipt->subjects, log.hash_of(subject.source, subject.key),
                            &mesh::ErasureReceipt::Subject::hash) == receipt->subjects.end())
        return wrong(fmt::format("it is of another subject of `{}`", subject.source));
      texts.insert(texts.end(), subject.texts.begin(), subject.texts.end());
    }
    Erasure erasure;
    for (const mesh::ErasureReceipt::Place& place : receipt->places)
      if (place.kind == "output")
        erasure.places.push_back({.kind = ErasedPlace::Kind::output, .name = place.name, .path = place.path});
    BRAID_ASSIGN(const std::vector<std::string> found, search(options, erasure, texts));
    if (!found.empty())
      return Error{ErrorKind::store,
                   diag::SubjectFound{.places = fmt::format("{}", fmt::join(found, ", "))}.make().message,
                   diag::SubjectFound::kCode, 0};
    if (!texts.empty()) fmt::print("its key is found nowhere in the state and the outputs\n");
    return {};
  }

  Result<bool> may_sign(const mesh::ErasureReceipt& receipt) {
    const auto key = read_domain_key(session_.files(), session_.reporter());
    if (key && key->public_name() == receipt.signer) return true;
    if (!key) session_.reporter().take_sorted();  // who verifies need not have one
    if (session_.files().mesh.registry.empty() || receipt.subjects.empty()) return false;
    const auto store = open_product_registry(session_.files(), session_.reporter());
    if (store == nullptr) return false;
    mesh::Registry registry(*store, system_clock());
    const std::string& source = receipt.subjects.front().source;
    BRAID_ASSIGN(const std::vector<mesh::StoredPublication> chain, registry.chain(source.substr(0, source.rfind('.'))));
    return std::ranges::any_of(chain, [&](const mesh::StoredPublication& link) {
      return std::ranges::find(link.publication.keys, receipt.signer) != link.publication.keys.end();
    });
  }

  const EraseFlags& flags_;
  CommandContext& context_;
  Session session_;
  ThreadExecutor executor_;
  std::optional<driver::Compiled> compiled_;
  TopicSetup topics_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<registry::RegistryService> registry_;
  std::vector<NamedSubject> subjects_;
  std::string store_;  ///< of a job with one, as it is now
  uint64_t memory_ = 0;
};

}  // namespace

void add_erase(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<EraseFlags>();
  CLI::App* command = app.add_subcommand(
      "erase", "Erases a subject from a stopped job: state, results and ports; writes a signed receipt");
  flags->script.add_to(*command, "Project folder or script");
  command->add_option("--store", flags->store, "Store of the job (default: from the environment)")->type_name("DIR");
  command
      ->add_option("--subject", flags->subject,
                   "A stream or table, then fields that name the subject there: `shop.customer id=42`; several may "
                   "follow each other")
      ->type_name("NAME FIELD=VALUE");
  command->add_option("--because", flags->because, "Why, for the receipt and the audit log")->type_name("TEXT");
  command->add_flag("--joined", flags->joined,
                    "Records of other sources whose fields meet the key in a join are the subject's, too");
  CLI::Option* dry = command->add_flag("--dry-run", flags->dry_run, "Show what would be done, and change nothing");
  command
      ->add_flag("--for-reset", flags->for_reset,
                 "Note the subject for `braid run --reset`, where a job that writes topics cannot be run again")
      ->excludes(dry);
  command->add_flag("--follow", flags->follow,
                    "The job was run with --follow, so its turns have readings of the clock");
  command->add_option("--until", flags->until, "`caught-up`: the job reads topics, writes files, and was run so")
      ->check(CLI::IsMember({"caught-up"}))
      ->type_name("WHEN");
  command
      ->add_option("--verify", flags->verify,
                   "Check the signature of a receipt, and with --subject look for the subject again")
      ->type_name("RECEIPT")
      ->excludes(dry);
  command->callback([flags, &context] {
    if (flags->subject.empty() && flags->verify.empty()) {
      fmt::print(stderr, "braid erase: --subject is missing\n");
      context.exit_code = kUsage;
      return;
    }
    Erasing(*flags, context).run();
  });
}

}  // namespace braid::cli
