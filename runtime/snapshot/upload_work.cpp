#include "runtime/snapshot/upload_work.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "runtime/data/stream_digest.h"

namespace braid {
namespace {

constexpr uint64_t kLongestManifest = 64 << 20;
constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;

Error coded(const Diagnostic& found, int system_error = 0) {
  return {ErrorKind::store, found.message, found.code, system_error};
}

std::string in_folder(const std::string& folder, const std::string& name) {
  return folder + "/" + name;
}

}  // namespace

UploadWork::UploadWork(Places places, const UploadOptions& options, SnapshotManifest manifest, FrozenTask frozen,
                       std::vector<ManifestName> known, std::map<std::string, SnapshotManifest>& read)
    : places_(places), options_(options), frozen_(std::move(frozen)), known_(std::move(known)), read_(read) {
  result_.manifest = std::move(manifest);
}

void UploadWork::advance() {
  const uint64_t before = result_.bytes_put;
  while (!finished() && result_.bytes_put - before < options_.slice_bytes) {
    const bool published = step_ > Step::publish;
    if (cancelled_) return published ? finish(UploadResult::Outcome::stored) : fail({});
    if (Status taken = take_step(); !taken.ok()) return fail(taken.error());
    // Removing many objects takes as long as putting some.
    if (published) return;
  }
}

Status UploadWork::take_step() {
  switch (step_) {
    case Step::look:
      return look();
    case Step::copy:
      return copy_files();
    case Step::publish:
      return publish();
    case Step::check:
      return check();
    case Step::remove_old:
      return remove_old();
    case Step::finished:
      break;
  }
  return {};
}

Status UploadWork::look() {
  began_us_ = places_.clock.steady_us();
  Result<std::string> id = places_.local.unique_id();
  if (!id.ok())
    return coded(diag::CheckpointUnreadable{.path = frozen_.directory, .reason = id.error().message}.make());
  id_ = *std::move(id);
  BRAID_TRY(list_stored());
  const std::set<std::string_view> there(files_.begin(), files_.end());
  for (const SnapshotManifest* manifest : safe_to_build_on())
    for (const SnapshotFile& file : manifest->files)
      if (there.contains(file.object)) stored_[file.path].push_back(file);
  step_ = Step::copy;
  return {};
}

/// Snapshots that nobody deletes meanwhile: those of the own chain, or the last two at the first upload of a process.
std::vector<const SnapshotManifest*> UploadWork::safe_to_build_on() const {
  std::vector<const SnapshotManifest*> own, all;
  for (const ListedManifest& manifest : manifests_) {
    if (!manifest.content || manifest.name.chain.epoch > result_.manifest.chain.epoch) continue;
    all.push_back(&*manifest.content);
    if (std::find(known_.begin(), known_.end(), manifest.name) != known_.end()) own.push_back(&*manifest.content);
  }
  if (!own.empty()) return own;
  if (all.size() > 2) all.erase(all.begin(), all.end() - 2);
  return all;
}

/// Files first: what a manifest needs that is listed here is then in the list, unless it is gone.
Status UploadWork::list_stored() {
  const SnapshotOwner& owner = result_.manifest.owner;
  BRAID_ASSIGN(files_, places_.store.list(owner.files()));
  BRAID_ASSIGN(const std::vector<std::string> names, places_.store.list(owner.manifests()));
  std::erase_if(read_, [&](const auto& read) { return !std::binary_search(names.begin(), names.end(), read.first); });
  manifests_.clear();
  for (const std::string& text : names) {
    const std::optional<ManifestName> name = ManifestName::parse(text);
    if (!name) continue;
    if (!read_.contains(text)) {
      const Result<std::string> content = places_.store.get_text(in_folder(owner.manifests(), text), kLongestManifest);
      if (!content.ok() && content.error().system_error == ENOENT) continue;  // another owner has removed it
      if (content.ok())
        if (Result<SnapshotManifest> manifest = SnapshotManifest::parse(*content); manifest.ok())
          read_.emplace(text, *std::move(manifest));
    }
    const auto read = read_.find(text);
    manifests_.push_back({*name, read == read_.end() ? std::nullopt : std::optional(read->second)});
  }
  return {};
}

Status UploadWork::copy_files() {
  if (next_file_ == frozen_.files.size()) {
    step_ = Step::publish;
    return {};
  }
  const FrozenFile& file = frozen_.files[next_file_++];
  if (file.hash) {
    for (const SnapshotFile& stored : stored_[file.path]) {
      if (stored.size != file.size || stored.hash != *file.hash) continue;
      result_.manifest.files.push_back(stored);
      ++result_.files_reused;
      result_.bytes_reused += file.size;
      return {};
    }
  }
  return put_file(file);
}

Status UploadWork::put_file(const FrozenFile& file) {
  const std::string path = join_path(frozen_.directory, file.path);
  auto unreadable = [&](const std::string& reason, int system_error) {
    return coded(diag::CheckpointUnreadable{.path = path, .reason = reason}.make(), system_error);
  };
  Result<std::unique_ptr<FileReader>> reader = places_.local.open_reader(path);
  if (!reader.ok()) return unreadable(reader.error().message, reader.error().system_error);
  SnapshotFile stored{file.path, file.size, 0, object_name(places_.clock.now_us(), id_, file.path)};
  const std::string name = in_folder(result_.manifest.owner.files(), stored.object);
  own_files_.push_back(name);
  StreamDigest digest;
  uint64_t offset = 0;
  std::string memory(std::min<uint64_t>(file.size, SnapshotStore::kPieceBytes), '\0');
  BRAID_TRY(places_.store.put(name, file.size, [&]() -> Result<std::string_view> {
    if (cancelled_) return Error{ErrorKind::store, "cancelled", 0, ECANCELED};
    const size_t length = std::min<uint64_t>(file.size - offset, memory.size());
    const Result<size_t> count = (*reader)->read_at(offset, memory.data(), length);
    if (!count.ok()) return unreadable(count.error().message, count.error().system_error);
    if (*count < length) return unreadable("it has become shorter", 0);
    const std::string_view piece = std::string_view(memory).substr(0, length);
    digest.add(piece);
    offset += length;
    // Before the store has all of it, so that what is damaged never becomes an object.
    if (offset == file.size && file.hash && digest.value() != *file.hash)
      return unreadable("it is not as it was written", 0);
    return piece;
  }));
  stored.hash = digest.value();
  result_.manifest.files.push_back(std::move(stored));
  ++result_.files_put;
  result_.bytes_put += file.size;
  return {};
}

Status UploadWork::publish() {
  const SnapshotManifest& manifest = result_.manifest;
  const int64_t longest_us = options_.retention.orphan_us / 2;
  // Older files may be taken for what a killed upload has left.
  if (places_.clock.steady_us() - began_us_ > longest_us)
    return coded(diag::SnapshotTooSlow{
        .task = manifest.owner.task, .epoch = static_cast<int64_t>(manifest.chain.epoch), .hours = longest_us / kHourUs}
                     .make());
  const ManifestName name{manifest.chain, places_.clock.now_us(), id_};
  result_.name = name.text();
  own_files_.clear();  // from here on a manifest may need them, whatever the answer is
  BRAID_TRY(places_.store.put_text(in_folder(manifest.owner.manifests(), result_.name), manifest.encode()));
  known_.push_back(name);
  read_.emplace(result_.name, manifest);
  step_ = Step::check;
  return {};
}

/// That no other owner has removed a file that this snapshot has in common with an old one.
Status UploadWork::check() {
  const SnapshotOwner& owner = result_.manifest.owner;
  BRAID_TRY(list_stored());
  for (const SnapshotFile& file : result_.manifest.files) {
    if (std::binary_search(files_.begin(), files_.end(), file.object)) continue;
    (void)places_.store.remove(in_folder(owner.manifests(), result_.name));
    result_.outcome = UploadResult::Outcome::failed;
    result_.error = coded(diag::SnapshotLost{
        .place = places_.store.place(), .task = owner.task, .epoch = static_cast<int64_t>(result_.manifest.chain.epoch)}
                              .make());
    finish(UploadResult::Outcome::failed);
    return {};
  }
  const Removals removals = plan_retention(manifests_, files_, known_, places_.clock.now_us(), options_.retention);
  for (const std::string& name : removals.manifests) removals_.push_back(in_folder(owner.manifests(), name));
  for (const std::string& name : removals.files) removals_.push_back(in_folder(owner.files(), name));
  BRAID_TRY(add_abandoned(owner.manifests(), removals_));
  BRAID_TRY(add_abandoned(owner.files(), removals_));
  step_ = Step::remove_old;
  return {};
}

Status UploadWork::add_abandoned(const std::string& folder, std::vector<std::string>& names) {
  BRAID_ASSIGN(const std::vector<std::string> unfinished, places_.store.list_unfinished(folder));
  for (const std::string& name : unfinished) {
    std::optional<int64_t> put_at = object_time(name);
    if (const auto manifest = ManifestName::parse(name)) put_at = manifest->put_at_us;
    if (put_at && places_.clock.now_us() - *put_at >= options_.retention.orphan_us)
      names.push_back(in_folder(folder, name));
  }
  return {};
}

Status UploadWork::remove_old() {
  constexpr size_t kAtOnce = 64;
  for (size_t i = 0; i < kAtOnce && next_removal_ < removals_.size(); ++i) {
    BRAID_TRY(places_.store.remove(removals_[next_removal_++]));
    ++result_.removed;
  }
  if (next_removal_ == removals_.size()) finish(UploadResult::Outcome::stored);
  return {};
}

void UploadWork::fail(Error error) {
  if (step_ > Step::publish) {
    result_.warnings.push_back(diag::OldSnapshotsKept{.place = places_.store.place(), .reason = error.message}.make());
    return finish(UploadResult::Outcome::stored);
  }
  remove_own_files();
  if (cancelled_ && (error.system_error == ECANCELED || error.message.empty()))
    return finish(UploadResult::Outcome::cancelled);
  result_.error = std::move(error);
  finish(UploadResult::Outcome::failed);
}

/// Nothing needs them. What stays is deleted when it is old.
void UploadWork::remove_own_files() {
  for (const std::string& name : own_files_) (void)places_.store.remove(name);
}

void UploadWork::finish(UploadResult::Outcome outcome) {
  result_.outcome = outcome;
  (void)places_.local.remove_tree(frozen_.directory);
  step_ = Step::finished;
}

}  // namespace braid
