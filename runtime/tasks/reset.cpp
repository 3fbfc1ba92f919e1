// The offsets of the group first: without them no instance goes on from a state of before, whatever else is still
// there.
#include "runtime/tasks/reset.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/broker/patience.h"
#include "runtime/connect/topic_template.h"
#include "runtime/engine/job_store.h"
#include "runtime/snapshot/manifest.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;

template <class Call>
auto ask(const TopicJobOptions& options, const JobSeams& seams, const Call& call) {
  return ask_patiently(seams.clock, options.job.stop_requested, call);
}

Status forget_group(const TopicJobOptions& options, const JobSeams& seams) {
  const std::string& group = options.broker.group;
  const BrokerStatus gone = ask(options, seams, [&] { return seams.broker->delete_group(group, kPatience); });
  if (gone.ok()) return {};
  if (gone.error().code != kGroupHasMembers) return Error(gone.error());
  const Diagnostic runs = diag::GroupHasMembers{.group = group}.make();
  return Error{ErrorKind::usage, runs.message, runs.code, 0};
}

/// The topics that the job owns: those of epochs and of rows between stages. Their names.
Result<std::vector<std::string>> delete_topics(const TopicJobOptions& options, const JobSeams& seams) {
  const std::string& group = options.broker.group;
  const auto all = ask(options, seams, [&] { return seams.broker->topics(kPatience); });
  if (!all.ok()) return Error(all.error());
  std::vector<std::string> names;
  for (const std::string& name : *all)
    if (name == group + ".epochs" || name.starts_with(group + ".repartition.")) names.push_back(name);
  if (names.empty()) return names;
  const BrokerStatus gone = ask(options, seams, [&] { return seams.broker->delete_topics(names, kPatience); });
  if (!gone.ok()) return Error(gone.error());
  return names;
}

Status remove_folder(SnapshotStore& store, const std::string& folder, size_t& count) {
  for (const auto& list : {store.list(folder), store.list_unfinished(folder)}) {
    BRAID_TRY(list);
    for (const std::string& name : *list) {
      BRAID_TRY(store.remove(folder + "/" + name));
      ++count;
    }
  }
  return {};
}

constexpr std::string_view kLock = ".lock";

/// The stores of tasks, locked: each has its lock beside it.
struct Stores {
  std::string folder;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<FileLock>> locks;
};

Result<Stores> lock_stores(std::string folder, Fs& fs) {
  Stores stores{.folder = std::move(folder), .names = {}, .locks = {}};
  BRAID_ASSIGN(const FileInfo there, fs.stat(stores.folder));
  if (!there.exists) return stores;
  BRAID_ASSIGN(stores.names, fs.list_directory(stores.folder));
  for (const std::string& name : stores.names) {
    if (!name.ends_with(kLock)) continue;
    BRAID_ASSIGN(std::unique_ptr<FileLock> lock, lock_store(fs, join_path(stores.folder, name)));
    stores.locks.push_back(std::move(lock));
  }
  return stores;
}

Result<size_t> remove(const Stores& stores, Fs& fs) {
  size_t count = 0;
  for (const std::string& name : stores.names) {
    if (name.ends_with(kLock)) continue;
    BRAID_TRY(fs.remove_tree(join_path(stores.folder, name)));
    count += name.find('.') == std::string::npos ? 1 : 0;  // else it was beside a store
  }
  if (!stores.names.empty()) BRAID_TRY(fs.sync_directory(stores.folder));
  return count;
}

/// Of those the ones that have records.
Result<std::vector<std::string>> find_results(const TopicJobOptions& options, const JobSeams& seams) {
  BRAID_ASSIGN(const std::vector<TopicInfo> topics, topics_of_results(options, seams));
  std::vector<std::string> kept;
  for (const TopicInfo& topic : topics)
    for (int32_t partition = 0; partition < topic.partitions; ++partition) {
      const TopicPartition place{topic.name, partition};
      const auto range = ask(options, seams, [&] { return seams.broker->offsets(place, kPatience); });
      if (!range.ok()) return Error(range.error());
      if (range->end == range->begin) continue;
      kept.push_back(topic.name);
      break;
    }
  return kept;
}

}  // namespace

Result<std::vector<TopicInfo>> topics_of_results(const TopicJobOptions& options, const JobSeams& seams) {
  std::vector<std::string> names;
  for (const auto& [product, binding] : options.outputs)
    if (!topic_template(binding.topic)) names.push_back(binding.topic);
  const auto all = ask(options, seams, [&] { return seams.broker->topics(kPatience); });
  if (!all.ok()) return Error(all.error());
  for (const auto& [product, binding] : options.outputs)
    for (const std::string& name : *all)
      if ((name.starts_with(topic_for_all(binding.topic) + ".") || topics_meet(binding.topic, name)) &&
          std::ranges::find(names, name) == names.end())
        names.push_back(name);
  auto found = ask(options, seams, [&] { return seams.broker->describe(names, kPatience); });
  if (!found.ok()) return Error(found.error());
  return std::move(*found);
}

/// Manifests first, so that none misses a file.
Result<size_t> remove_snapshots(SnapshotStore& store, const std::string& group, int32_t tasks) {
  size_t count = 0;
  for (int32_t task = 0; task < tasks; ++task) {
    const SnapshotOwner owner{.job = group, .task = std::to_string(task)};
    BRAID_TRY(remove_folder(store, owner.manifests(), count));
    BRAID_TRY(remove_folder(store, owner.files(), count));
  }
  return count;
}

Result<TopicReset> reset_topic_job(const TopicJobOptions& options, const JobSeams& seams) {
  TopicReset done;
  const std::string& group = options.broker.group;
  const std::string epochs = group + ".epochs";
  BRAID_ASSIGN(const Stores stores, lock_stores(join_path(options.job.directory, "tasks"), seams.fs));
  // How many tasks there were, only the topic says.
  const std::string names[] = {epochs};
  const auto found = ask(options, seams, [&] { return seams.broker->describe(names, kPatience); });
  if (!found.ok()) return Error(found.error());
  BRAID_TRY(forget_group(options, seams));
  done.deleted.push_back("the committed offsets of the group `" + group + "`");
  if (options.snapshots != nullptr && !found->empty()) {
    BRAID_ASSIGN(const size_t count, remove_snapshots(*options.snapshots, group, found->front().partitions));
    if (count > 0) done.deleted.push_back("the snapshots of the job in `" + options.snapshots->place() + "`");
  }
  BRAID_ASSIGN(const std::vector<std::string> deleted, delete_topics(options, seams));
  for (const std::string& topic : deleted) done.deleted.push_back("the topic `" + topic + "`");
  BRAID_ASSIGN(const size_t count, remove(stores, seams.fs));
  if (count > 0)
    done.deleted.push_back(fmt::format("the state of {} task{} in `{}`", count, count == 1 ? "" : "s", stores.folder));
  BRAID_ASSIGN(done.kept, find_results(options, seams));
  return done;
}

}  // namespace braid
