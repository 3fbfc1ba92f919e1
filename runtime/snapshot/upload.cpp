#include "runtime/snapshot/upload.h"

#include <algorithm>

#include "runtime/snapshot/upload_work.h"

namespace braid {
namespace {

/// The name orders by epoch first.
void keep_last_two(std::vector<ManifestName>& names) {
  std::sort(names.begin(), names.end(),
            [](const ManifestName& a, const ManifestName& b) { return a.text() < b.text(); });
  if (names.size() > 2) names.erase(names.begin(), names.end() - 2);
}

}  // namespace

SnapshotUploader::SnapshotUploader(SnapshotStore& store, Fs& local, Clock& clock, Executor& executor,
                                   SnapshotOwner owner, UploadOptions options)
    : store_(store), local_(local), clock_(clock), executor_(executor), owner_(std::move(owner)), options_(options) {}

SnapshotUploader::~SnapshotUploader() {
  if (!busy()) return;
  cancel();
  (void)wait();
}

void SnapshotUploader::continue_from(const std::string& manifest_name) {
  BRAID_CHECK(!busy());
  const std::optional<ManifestName> name = ManifestName::parse(manifest_name);
  BRAID_CHECK(name.has_value(), manifest_name);
  known_.push_back(*name);
  keep_last_two(known_);
}

void SnapshotUploader::begin(FrozenTask frozen, EpochChain chain, uint64_t program) {
  BRAID_CHECK(!busy(), "an upload is on its way");
  SnapshotManifest manifest{owner_, program, chain, {}};
  work_ = std::make_unique<UploadWork>(UploadWork::Places{store_, local_, clock_}, options_, std::move(manifest),
                                       std::move(frozen), known_, manifests_);
  start_slice();
}

void SnapshotUploader::start_slice() {
  slice_ = executor_.start_io([work = work_.get()] { work->advance(); });
}

std::optional<UploadResult> SnapshotUploader::poll() {
  if (!busy() || !slice_->done()) return std::nullopt;
  slice_->wait();
  if (!work_->finished()) start_slice();
  if (!slice_->done() || !work_->finished()) return std::nullopt;
  return wait();
}

UploadResult SnapshotUploader::wait() {
  BRAID_CHECK(busy(), "no upload is on its way");
  while (true) {
    slice_->wait();
    if (work_->finished()) break;
    start_slice();
  }
  slice_.reset();
  UploadResult result = work_->take_result();
  work_.reset();
  if (result.outcome == UploadResult::Outcome::stored) continue_from(result.name);
  return result;
}

void SnapshotUploader::cancel() {
  if (busy()) work_->cancel();
}

}  // namespace braid
