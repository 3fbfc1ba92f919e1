#include "runtime/snapshot/retention.h"

#include <algorithm>
#include <set>

namespace braid {
namespace {

/// The older of the last two known snapshots that are still there.
std::optional<ManifestName> second_of(std::span<const ListedManifest> manifests, std::span<const ManifestName> known) {
  std::vector<ManifestName> there;
  for (const ListedManifest& manifest : manifests)
    if (manifest.content && std::find(known.begin(), known.end(), manifest.name) != known.end())
      there.push_back(manifest.name);
  if (there.size() < 2) return std::nullopt;
  std::sort(there.begin(), there.end(),
            [](const ManifestName& a, const ManifestName& b) { return a.text() > b.text(); });
  return there[1];
}

}  // namespace

Removals plan_retention(std::span<const ListedManifest> manifests, std::span<const std::string> files,
                        std::span<const ManifestName> known, int64_t now_us, const RetentionLimits& limits) {
  const std::optional<ManifestName> second = second_of(manifests, known);
  const bool settled = second && now_us - second->put_at_us >= limits.superseded_us;
  Removals removals;
  std::set<std::string> needed, released;
  bool all_needs_known = true;
  for (const ListedManifest& manifest : manifests) {
    const bool goes = settled && manifest.name.chain.epoch < second->chain.epoch;
    if (goes) removals.manifests.push_back(manifest.name.text());
    if (!goes && !manifest.content) all_needs_known = false;
    if (!manifest.content) continue;
    for (const SnapshotFile& file : manifest.content->files) (goes ? released : needed).insert(file.object);
  }
  if (!all_needs_known) return removals;
  for (const std::string& file : files) {
    const std::optional<int64_t> put_at = object_time(file);
    if (!put_at || needed.contains(file)) continue;
    if (released.contains(file) || now_us - *put_at >= limits.orphan_us) removals.files.push_back(file);
  }
  return removals;
}

}  // namespace braid
