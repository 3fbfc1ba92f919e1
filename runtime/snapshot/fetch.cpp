#include "runtime/snapshot/fetch.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "runtime/data/stream_digest.h"

namespace braid {
namespace {

constexpr uint64_t kLongestManifest = 64 << 20;

/// Why a snapshot was not fetched.
struct Failure : Error {
  enum class Kind {
    unusable,    ///< damaged, or files are missing: another one may do
    unreadable,  ///< the place did not give it
    stopped      ///< this machine, or the caller: no other one can do
  } kind = Kind::unusable;
  Failure(Kind what, Error error) : Error(std::move(error)), kind(what) {}
};

class Fetch {
 public:
  Fetch(SnapshotStore& store, Fs& local, const FetchRequest& request, const std::atomic<bool>& stop)
      : store_(store), local_(local), request_(request), stop_(stop), unfinished_(request.directory + ".fetch") {}

  Result<FetchResult> run() {
    while (true) {
      BRAID_ASSIGN(const std::optional<ManifestName> next, next_candidate());
      if (!next) break;
      tried_.insert(next->text());
      Result<bool, Failure> fetched = try_one(*next);
      if (fetched.ok() && *fetched) return std::move(result_);
      if (fetched.ok()) continue;
      const Failure& failure = fetched.error();
      (void)local_.remove_tree(unfinished_);
      if (failure.kind == Failure::Kind::stopped) return Error(failure);
      if (failure.kind == Failure::Kind::unreadable && !unreadable_) unreadable_ = failure;
      result_.warnings.push_back(diag::SnapshotUnusable{
          .task = request_.owner.task, .epoch = static_cast<int64_t>(next->chain.epoch), .reason = failure.message}
                                     .make());
    }
    if (unreadable_) return *unreadable_;
    return std::move(result_);
  }

 private:
  /// Listed anew each time: what was listed before may have been replaced by newer ones meanwhile.
  Result<std::optional<ManifestName>> next_candidate() {
    BRAID_ASSIGN(std::vector<std::string> names, store_.list(request_.owner.manifests()));
    std::reverse(names.begin(), names.end());
    for (const std::string& text : names) {
      const std::optional<ManifestName> name = ManifestName::parse(text);
      if (name && name->chain.epoch <= request_.newest_epoch && !tried_.contains(text)) return name;
    }
    return std::optional<ManifestName>();
  }

  /// False if it does not fit.
  Result<bool, Failure> try_one(const ManifestName& name) {
    const Result<std::string> text = store_.get_text(request_.owner.manifests() + "/" + name.text(), kLongestManifest);
    if (!text.ok()) return from_store(text.error());
    Result<SnapshotManifest> manifest = SnapshotManifest::parse(*text);
    if (!manifest.ok()) return Failure{Failure::Kind::unusable, manifest.error()};
    if (manifest->chain != name.chain || manifest->owner.job != request_.owner.job ||
        manifest->owner.task != request_.owner.task)
      return unusable("its manifest is that of another snapshot");
    if (!request_.fits(*manifest)) return false;
    BRAID_TRY(download(*manifest));
    result_.snapshot = FetchedSnapshot{*std::move(manifest), name.text()};
    return true;
  }

  Result<void, Failure> download(const SnapshotManifest& manifest) {
    bytes_ = manifest.bytes();
    if (Status removed = local_.remove_tree(unfinished_); !removed.ok()) return from_here(removed.error());
    if (Status made = local_.make_directories(unfinished_); !made.ok()) return from_here(made.error());
    std::set<std::string> folders = {unfinished_};
    for (const SnapshotFile& file : manifest.files) {
      const std::string folder = parent_directory(join_path(unfinished_, file.path));
      if (folders.insert(folder).second)
        if (Status made = local_.make_directories(folder); !made.ok()) return from_here(made.error());
      Result<void, Failure> downloaded = download(file);
      if (!downloaded.ok() && downloaded.error().kind == Failure::Kind::unusable && drop_copy(file))
        downloaded = download(file);
      BRAID_TRY(downloaded);
    }
    for (const std::string& folder : folders)
      if (Status synced = local_.sync_directory(folder); !synced.ok()) return from_here(synced.error());
    Status placed = local_.rename(unfinished_, request_.directory);
    if (placed.ok()) placed = local_.sync_directory(parent_directory(request_.directory));
    if (!placed.ok()) return from_here(placed.error());
    return {};
  }

  bool drop_copy(const SnapshotFile& file) {
    return store_.drop_copy(request_.owner.files() + "/" + file.object) &&
           local_.remove(join_path(unfinished_, file.path)).ok();
  }

  Result<void, Failure> download(const SnapshotFile& file) {
    Result<std::unique_ptr<FileWriter>> writer =
        local_.open_writer(join_path(unfinished_, file.path), OpenMode::create_new);
    if (!writer.ok()) return from_here(writer.error());
    StreamDigest digest;
    uint64_t size = 0;
    std::optional<Failure> failed;
    auto fail = [&](Failure failure) -> Status {
      failed = std::move(failure);
      return Error(*failed);
    };
    const Status got = store_.get(request_.owner.files() + "/" + file.object, [&](std::string_view piece) -> Status {
      if (stop_)
        return fail(
            {Failure::Kind::stopped, Error{ErrorKind::store, "fetching a snapshot was cancelled", 0, ECANCELED}});
      size += piece.size();
      if (size > file.size) return fail(unusable(fmt::format("`{}` has become longer", file.path)));
      digest.add(piece);
      const Status appended = (*writer)->append(piece);
      return appended.ok() ? appended : fail(from_here(appended.error()));
    });
    if (failed) return *failed;
    if (!got.ok()) return from_store(got.error());
    if (size < file.size) return unusable(fmt::format("`{}` has become shorter", file.path));
    if (digest.value() != file.hash) return unusable(fmt::format("`{}` is not as it was stored", file.path));
    if (Status synced = (*writer)->sync(); !synced.ok()) return from_here(synced.error());
    return {};
  }

  static Failure unusable(std::string reason) {
    return {Failure::Kind::unusable, {ErrorKind::store, std::move(reason), 0, 0}};
  }
  static Failure from_store(const Error& error) {
    return {error.system_error == ENOENT ? Failure::Kind::unusable : Failure::Kind::unreadable, error};
  }
  Failure from_here(const Error& error) const {
    const bool full = error.system_error == ENOSPC || error.system_error == EDQUOT;
    const Diagnostic found =
        full ? diag::NoRoomForSnapshot{.path = request_.directory, .bytes = static_cast<int64_t>(bytes_)}.make()
             : diag::SnapshotNotPlaced{.path = request_.directory, .reason = error.message}.make();
    return {Failure::Kind::stopped, {ErrorKind::store, found.message, found.code, error.system_error}};
  }

  SnapshotStore& store_;
  Fs& local_;
  const FetchRequest& request_;
  const std::atomic<bool>& stop_;
  const std::string unfinished_;
  uint64_t bytes_ = 0;
  std::set<std::string> tried_;
  std::optional<Error> unreadable_;
  FetchResult result_;
};

}  // namespace

Result<FetchResult> fetch_snapshot(SnapshotStore& store, Fs& local, const FetchRequest& request,
                                   const std::atomic<bool>& stop) {
  return Fetch(store, local, request, stop).run();
}

}  // namespace braid
